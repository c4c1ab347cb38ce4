// SPDX-License-Identifier: MIT
#include "api/registry_routes.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/artifact_routes.h"

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(VersionFileRef, {.name = "model_id", .required = true},
                    {.name = "version", .required = true}, {.name = "name", .required = true})
TRACSEQ_DEFINE_TYPE(ProductionRef,
                    {.name = "name", .text = "a model id, else a model type", .required = true})

namespace {

using registry::ModelVersion;
using registry::Registry;

class Handlers {
 public:
  Handlers(sql::Database& database, Registry& registry, artifacts::ArtifactCatalog& catalog)
      : database_(database), registry_(registry), catalog_(catalog) {}

  Result<ModelVersion> add(const CallContext& ctx, const registry::RegisterVersion& in) const {
    return shown(ctx, registry_.add(ctx, in));
  }
  Result<ModelVersion> get(const CallContext& ctx, const registry::VersionRef& in) const {
    return shown(ctx, registry_.get(ctx, in));
  }
  Result<ModelVersion> promote(const CallContext& ctx, const registry::MoveVersion& in) const {
    return shown(ctx, registry_.promote(ctx, in));
  }
  Result<ModelVersion> update(const CallContext& ctx, const registry::UpdateVersion& in) const {
    return shown(ctx, registry_.update(ctx, in));
  }
  Result<ModelVersion> performance(const CallContext& ctx, const registry::Performance& in) const {
    return shown(ctx, registry_.record_performance(ctx, in));
  }
  Result<ModelVersion> rollback(const CallContext& ctx, const registry::Rollback& in) const {
    return shown(ctx, registry_.rollback(ctx, in));
  }
  Result<ModelVersion> remove(const CallContext& ctx, const registry::VersionRef& in) const {
    return registry_.remove(ctx, in);
  }
  Result<ModelVersion> production(const CallContext& ctx, const ProductionRef& in) const {
    return shown(ctx, registry_.production(ctx, in.name));
  }

  Result<registry::ModelVersionPage> list(const CallContext& ctx, const registry::ListVersions& in) const {
    TRACSEQ_TRY(auto page, registry_.list(ctx, in));
    for (ModelVersion& version : page.items) TRACSEQ_CHECK(localise(ctx, version));
    return page;
  }
  // An unknown model is `not_found`, one without a version that matches an empty list.
  Result<registry::ModelVersionPage> list_of_model(const CallContext& ctx,
                                                   const registry::ListVersions& in) const {
    TRACSEQ_CHECK(registry_.model(ctx, {in.model_id}));
    return list(ctx, in);
  }

  Result<Response> file(const CallContext& ctx, const VersionFileRef& in, Request& request) const {
    TRACSEQ_TRY(const ModelVersion version, registry_.get(ctx, {in.model_id, in.version}));
    const auto found = std::find_if(version.files.begin(), version.files.end(),
                                    [&](const registry::ModelFile& file) { return file.name == in.name; });
    if (found == version.files.end())
      return fail(Code::not_found, fmt::format("version '{}' of model '{}' has no file '{}'", in.version,
                                               in.model_id, in.name));
    TRACSEQ_TRY(const auto artifact, catalog_.get(found->artifact_id));
    return artifact_content(catalog_, artifact, request);
  }

 private:
  // Programs on this machine are told where the files lie.
  Result<void> localise(const CallContext& ctx, ModelVersion& version) const {
    if (!is_embedded(ctx)) return {};
    return database_.read([&](sql::Session& session) -> Result<void> {
      for (registry::ModelFile& file : version.files) {
        TRACSEQ_TRY(const auto artifact, artifacts::ArtifactCatalog::get(session, file.artifact_id));
        file.local_path = catalog_.local_path(artifact);
      }
      return {};
    });
  }

  Result<ModelVersion> shown(const CallContext& ctx, Result<ModelVersion> version) const {
    if (version) TRACSEQ_CHECK(localise(ctx, *version));
    return version;
  }

  sql::Database& database_;
  Registry& registry_;
  artifacts::ArtifactCatalog& catalog_;
};

// A route whose handler is a member of Handlers.
template <class In, class Out>
Route bound(const Handlers& handlers, Method method, std::string path, const char* permission, Effect effect,
            const char* summary, Result<Out> (Handlers::*handler)(const CallContext&, const In&) const,
            RouteOptions options = {}) {
  return route(
      method, std::move(path), permission, effect, summary,
      [handlers, handler](const CallContext& ctx, const In& in) { return (handlers.*handler)(ctx, in); },
      options);
}

std::vector<Route> reading(const Handlers& handlers, Registry& registry) {
  using enum Method;
  using enum Effect;
  const std::string models = "/api/v1/models";
  const std::string one = models + "/{model_id}";
  const std::string version = one + "/versions/{version}";
  const char* permission = "models:read";
  return {
      route(get, models, permission, reads, "List models, newest first",
            [&registry](const CallContext& ctx, const registry::ListModels& in) {
              return registry.models(ctx, in);
            }),
      route(get, one, permission, reads, "Get a model as its newest version describes it",
            [&registry](const CallContext& ctx, const registry::ModelRef& in) {
              return registry.model(ctx, in);
            }),
      route(get, one + "/transitions", permission, reads,
            "List how versions came to their statuses, newest first",
            [&registry](const CallContext& ctx, const registry::ListTransitions& in) {
              return registry.history(ctx, in);
            }),
      route(get, "/api/v1/production-models", permission, reads,
            "List what is in production, for model servers",
            [&registry](const CallContext& ctx, const Empty&) { return registry.production_models(ctx); }),
      bound(handlers, get, "/api/v1/production-models/{name}", permission, reads,
            "Get the production version of a model, or of a model type", &Handlers::production),
      bound(handlers, get, "/api/v1/model-versions", permission, reads,
            "List versions of all models, newest first", &Handlers::list),
      bound(handlers, get, one + "/versions", permission, reads, "List a model's versions, newest first",
            &Handlers::list_of_model),
      bound(handlers, get, one + "/latest", permission, reads, "Get a model's newest version",
            &Handlers::get),
      bound(handlers, get, version, permission, reads, "Get a version with its files", &Handlers::get),
      route(get, version + "/served", permission, reads,
            "Get what a replica of this version loads, whatever the version's status",
            [&registry](const CallContext& ctx, const registry::VersionRef& in) {
              return registry.served(ctx, in);
            }),
      stream_route(get, version + "/files/{name...}", permission, reads, "Download a file of a version",
                   "application/octet-stream",
                   [handlers](const CallContext& ctx, const VersionFileRef& in, Request& request) {
                     return handlers.file(ctx, in, request);
                   }),
  };
}

std::vector<Route> changing(const Handlers& handlers) {
  using enum Method;
  using enum Effect;
  const std::string models = "/api/v1/models";
  const std::string one = models + "/{model_id}";
  const std::string version = one + "/versions/{version}";
  const RouteOptions created{.runs = RunsOn::worker, .status = 201};
  return {
      bound(handlers, post, models, "models:write", changes, "Register a version of a model", &Handlers::add,
            created),
      bound(handlers, post, one + "/versions", "models:write", changes, "Register a version of this model",
            &Handlers::add, created),
      bound(handlers, post, version + "/promote", "models:promote", changes,
            "Move a version to another status; into production the former version steps back",
            &Handlers::promote),
      bound(handlers, patch, version, "models:promote", changes, "Change a version's status or description",
            &Handlers::update),
      bound(handlers, post, version + "/performance", "models:write", changes,
            "Set what was measured of a version", &Handlers::performance),
      bound(handlers, post, one + "/rollback", "models:promote", changes,
            "Bring back the version that was in production before", &Handlers::rollback),
      bound(handlers, del, version, "models:delete", changes, "Delete a version that is not in production",
            &Handlers::remove),
  };
}

}  // namespace

std::vector<Route> registry_routes(sql::Database& database, Registry& registry,
                                   artifacts::ArtifactCatalog& catalog) {
  const Handlers handlers(database, registry, catalog);
  std::vector<Route> routes = reading(handlers, registry);
  for (Route& route : changing(handlers)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace tracseq::api
