// SPDX-License-Identifier: MIT
// Reading the registry.
#include "domain/registry/registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "domain/registry/page_token.h"
#include "domain/registry/rows.h"

namespace tracseq::registry {
namespace {

Error no_model(const std::string& model_id) {
  return {Code::not_found, fmt::format("there is no model '{}'", model_id), {}, "model_id"};
}

Result<void> check_limit(std::int64_t limit) {
  if (limit >= 1 && limit <= kVersionsListedMax) return {};
  return fail_field("limit", fmt::format("limit is {}; allowed are 1 to {}", limit, kVersionsListedMax));
}

ServedFile served(const ModelFile& file) { return {file.artifact_id, file.digest, file.size_bytes}; }

ProductionModel as_served(const ModelVersion& version) {
  ProductionModel model;
  model.model_id = version.model_id;
  model.version = version.version;
  model.version_number = version.version_number;
  model.feature_columns = version.feature_columns;
  model.signature = version.signature;
  model.not_servable_reason = version.not_servable_reason;
  const auto onnx = std::find_if(version.files.begin(), version.files.end(),
                                 [](const ModelFile& file) { return file.role == FileRole::onnx; });
  if (onnx != version.files.end() && version.servable) {
    model.format = "onnx";
    model.artefact = served(*onnx);
  }
  if (version.transformation)
    model.transformation = ServedFile{version.transformation->artifact_id, version.transformation->digest,
                                      version.transformation->size_bytes};
  return model;
}

}  // namespace

std::string version_name(const ModelVersion& version) {
  return fmt::format("{}:{}", version.model_id, version.version);
}

Result<ModelVersion> Registry::find(sql::Session& session, const CallContext& ctx,
                                    const std::string& model_id, const std::string& version) {
  TRACSEQ_TRY(auto found, rows::version(session, ctx, model_id, version));
  if (found) return *found;
  TRACSEQ_TRY(const auto newest, rows::version(session, ctx, model_id, {}));
  if (!newest) return fail(no_model(model_id));
  return fail(Error{
      Code::not_found, fmt::format("model '{}' has no version '{}'", model_id, version), {}, "version"});
}

Result<ModelVersion> Registry::get(const CallContext& ctx, const VersionRef& ref) {
  return database_.read([&](sql::Session& session) { return find(session, ctx, ref.model_id, ref.version); });
}

Result<ModelVersionPage> Registry::list(const CallContext& ctx, const ListVersions& request) {
  TRACSEQ_CHECK(check_limit(request.limit));
  return database_.read([&](sql::Session& session) -> Result<ModelVersionPage> {
    ModelVersionPage page;
    TRACSEQ_TRY(page.items, rows::list(session, ctx, request));
    if (page.items.size() > static_cast<std::size_t>(request.limit)) {
      page.items.pop_back();
      page.next_page_token = page_token(
          {page.items.back().created_at.us, page.items.back().version_number, page.items.back().model_id});
    }
    return page;
  });
}

Result<Model> Registry::summary(sql::Session& session, const CallContext& ctx, const std::string& model_id) {
  TRACSEQ_TRY(const auto stored, rows::model(session, ctx, model_id));
  TRACSEQ_TRY(const auto newest, rows::version(session, ctx, model_id, {}));
  if (!stored || !newest) return fail(no_model(model_id));
  TRACSEQ_TRY(const auto production, rows::in_production(session, ctx, model_id));
  Model model;
  model.model_id = model_id;
  model.name = newest->name;
  model.description = newest->description;
  model.model_type = newest->model_type;
  model.framework = newest->framework;
  model.latest_version = newest->version;
  if (production) model.production_version = production->version;
  TRACSEQ_TRY(model.version_count, rows::count_versions(session, model_id));
  model.created_at = stored->created_at;
  model.updated_at = std::max(stored->updated_at, newest->updated_at);
  return model;
}

Result<Model> Registry::model(const CallContext& ctx, const ModelRef& ref) {
  return database_.read([&](sql::Session& session) { return summary(session, ctx, ref.model_id); });
}

Result<ModelPage> Registry::models(const CallContext& ctx, const ListModels& request) {
  TRACSEQ_CHECK(check_limit(request.limit));
  return database_.read([&](sql::Session& session) -> Result<ModelPage> {
    ModelPage page;
    TRACSEQ_TRY(auto stored, rows::models(session, ctx, request));
    if (stored.size() > static_cast<std::size_t>(request.limit)) {
      stored.pop_back();
      page.next_page_token = page_token({stored.back().created_at.us, 0, stored.back().model_id});
    }
    for (const rows::StoredModel& model : stored) {
      TRACSEQ_TRY(page.items.emplace_back(), summary(session, ctx, model.model_id));
    }
    return page;
  });
}

Result<ModelVersion> Registry::production(const CallContext& ctx, const std::string& name) {
  return database_.read([&](sql::Session& session) -> Result<ModelVersion> {
    TRACSEQ_TRY(const auto known, rows::version(session, ctx, name, {}));
    TRACSEQ_TRY(const auto found, known ? rows::in_production(session, ctx, name)
                                        : rows::in_production_by_type(session, ctx, name));
    if (!found) return fail(Code::not_found, fmt::format("no version of '{}' is in production", name));
    return *found;
  });
}

Result<ProductionModels> Registry::production_models(const CallContext& ctx) {
  return database_.read([&](sql::Session& session) -> Result<ProductionModels> {
    ProductionModels models;
    TRACSEQ_TRY(models.change, rows::production_changes(session));
    TRACSEQ_TRY(const auto versions, rows::all_in_production(session, ctx));
    for (const ModelVersion& version : versions) models.items.push_back(as_served(version));
    return models;
  });
}

Result<ProductionModel> Registry::served(const CallContext& ctx, const VersionRef& ref) {
  TRACSEQ_TRY(const ModelVersion version, get(ctx, ref));
  return as_served(version);
}

Result<TransitionPage> Registry::history(const CallContext& ctx, const ListTransitions& request) {
  TRACSEQ_CHECK(check_limit(request.limit));
  std::int64_t before = INT64_MAX;
  if (!request.page_token.empty()) {
    const char* const end = request.page_token.data() + request.page_token.size();
    const auto parsed = std::from_chars(request.page_token.data(), end, before);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
      return fail_field("page_token", "page_token is none that was given out");
  }
  return database_.read([&](sql::Session& session) -> Result<TransitionPage> {
    TRACSEQ_TRY(const auto stored, rows::model(session, ctx, request.model_id));
    if (!stored) return fail(no_model(request.model_id));
    TransitionPage page;
    TRACSEQ_TRY(page.items, rows::transitions(session, request.model_id, before, request.limit + 1));
    if (page.items.size() > static_cast<std::size_t>(request.limit)) {
      page.items.pop_back();
      page.next_page_token = std::to_string(page.items.back().transition_id);
    }
    return page;
  });
}

}  // namespace tracseq::registry
