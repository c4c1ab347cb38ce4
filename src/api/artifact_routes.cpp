// SPDX-License-Identifier: MIT
#include "api/artifact_routes.h"

#include <fmt/core.h>

#include "api/announced_digest.h"
#include "base/id.h"
#include "domain/tracking/tracking.h"
#include "storage/artifacts/path.h"

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(ArtifactInfo, {.name = "path", .text = "path below its owner, segments joined by '/'"},
                    {.name = "name", .text = "the path's last segment"},
                    {.name = "version", .text = "counts the contents this path has had"},
                    {.name = "digest", .text = "SHA-256 of the content"},
                    {.name = "local_path", .text = "the file, told to programs on the same machine"})
TRACSEQ_DEFINE_TYPE(ArtifactInfoPage)
TRACSEQ_DEFINE_TYPE(PutArtifact, {.name = "run_id", .required = true}, {.name = "path", .required = true},
                    {.name = "metadata", .text = "a JSON object"},
                    {.name = "digest",
                     .text = "SHA-256 of the body, also as the header Content-Digest, Repr-Digest or Digest; "
                             "another content is refused"},
                    {.name = "root", .text = "folder to store below; only for programs on the same machine"})
TRACSEQ_DEFINE_TYPE(ListArtifacts, {.name = "run_id", .required = true},
                    {.name = "prefix", .text = "a folder or a whole path; empty lists all"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ArtifactRef, {.name = "artifact_id", .required = true})
TRACSEQ_DEFINE_TYPE(PutUpload, {.name = "name", .text = "file name, for its content type"},
                    {.name = "digest", .text = "SHA-256 of the content"},
                    {.name = "root", .text = "folder to store below; only for programs on the same machine"})

namespace {

using artifacts::Artifact;
using artifacts::ArtifactCatalog;
using artifacts::NewArtifact;
using artifacts::OwnerType;
using artifacts::StoredContent;

constexpr std::uint64_t kUploadBytesMax = 1ULL << 40;

// What the entry says of an artifact: who reads the trail can tell what was there by its digest.
Json summary(const Artifact& artifact) {
  Json document = Json::object();
  document.set("owner_type", enum_name(artifact.owner_type));
  document.set("owner_id", artifact.owner_id);
  document.set("path", artifact.path);
  document.set("version", artifact.version);
  document.set("digest", artifact.digest);
  document.set("size_bytes", artifact.size_bytes);
  return document;
}

class Handlers {
 public:
  Handlers(sql::Database& database, audit::Ledger& ledger, ArtifactCatalog& catalog)
      : database_(database), ledger_(ledger), catalog_(catalog) {}

  Result<Response> put(const CallContext& ctx, const PutArtifact& in, Request& request) const {
    // Told before the body is read, and again in the transaction that writes the row.
    TRACSEQ_CHECK(database_.read(
        [&](sql::Session& session) { return tracking::require_run(session, ctx, in.run_id); }));
    TRACSEQ_TRY(const StoredContent content, receive(ctx, in.digest, in.root, request));
    NewArtifact artifact{OwnerType::run, in.run_id, in.path, in.artifact_type, in.description, in.metadata};
    TRACSEQ_TRY(const ArtifactInfo made, write(ctx, "artifact.put", artifact, content));
    return Response::json(to_json(made), 201);
  }

  Result<ArtifactInfoPage> list(const CallContext& ctx, const ListArtifacts& in) const {
    TRACSEQ_CHECK(database_.read(
        [&](sql::Session& session) { return tracking::require_run(session, ctx, in.run_id); }));
    TRACSEQ_TRY(const auto page,
                catalog_.list({OwnerType::run, in.run_id, in.prefix, in.limit, in.page_token}));
    ArtifactInfoPage shown;
    for (const Artifact& item : page.items) shown.items.push_back(artifact_info(ctx, catalog_, item));
    shown.next_page_token = page.next_page_token;
    return shown;
  }

  Result<ArtifactInfo> get(const CallContext& ctx, const ArtifactRef& in) const {
    TRACSEQ_TRY(const Artifact artifact, find(ctx, in));
    return artifact_info(ctx, catalog_, artifact);
  }

  Result<Response> content(const CallContext& ctx, const ArtifactRef& in, Request& request) const {
    TRACSEQ_TRY(const Artifact artifact, find(ctx, in));
    return artifact_content(catalog_, artifact, request);
  }

  Result<ArtifactInfo> remove(const CallContext& ctx, const ArtifactRef& in) const {
    return change(ctx, "artifact.delete", in, &ArtifactCatalog::remove);
  }
  Result<ArtifactInfo> restore(const CallContext& ctx, const ArtifactRef& in) const {
    return change(ctx, "artifact.restore", in, &ArtifactCatalog::restore);
  }

  Result<Response> put_upload(const CallContext& ctx, const PutUpload& in, Request& request) const {
    TRACSEQ_CHECK(artifacts::check_artifact_path("name", in.name));
    TRACSEQ_TRY(const StoredContent content, receive(ctx, in.digest, in.root, request));
    TRACSEQ_TRY(const ArtifactInfo made, write(ctx, "upload.put", upload(in), content));
    return Response::json(to_json(made), 201);
  }

  Result<ArtifactInfo> use_known(const CallContext& ctx, const PutUpload& in) const {
    TRACSEQ_CHECK(artifacts::check_artifact_path("name", in.name));
    TRACSEQ_CHECK(check_root(ctx, in.root));
    TRACSEQ_TRY(const auto content, catalog_.find_content(in.digest, in.root));
    if (!content)
      return fail(Code::not_found,
                  fmt::format("no content with SHA-256 '{}' is stored; upload it", in.digest));
    return write(ctx, "upload.put", upload(in), *content);
  }

 private:
  static NewArtifact upload(const PutUpload& in) {
    return {OwnerType::upload, new_id(), in.name, {}, {}, {}};
  }

  static Result<void> check_root(const CallContext& ctx, const std::string& root) {
    if (!root.empty() && !is_embedded(ctx))
      return fail(Code::forbidden, "root may be named only by programs that call in process");
    return {};
  }

  Result<StoredContent> receive(const CallContext& ctx, const std::string& digest, const std::string& root,
                                Request& request) const {
    TRACSEQ_CHECK(check_root(ctx, root));
    artifacts::PutOptions options;
    options.expected_size = request.content_length;
    TRACSEQ_TRY(options.expected_digest, announced_digest(request));
    if (!digest.empty() && !options.expected_digest.empty() && digest != options.expected_digest)
      return fail_field("digest", fmt::format("digest is '{}'; the request's header announces {}",
                                              digest.substr(0, 80), options.expected_digest));
    if (!digest.empty()) options.expected_digest = digest;
    options.size_max = kUploadBytesMax;
    return catalog_.store(ctx, *request.stream, options, root);
  }

  Result<ArtifactInfo> write(const CallContext& ctx, const char* action, const NewArtifact& artifact,
                             const StoredContent& content) const {
    return ledger_.change<ArtifactInfo>(
        ctx, {action, "artifact", {}},
        [&](sql::Transaction& tx, audit::Record& record) -> Result<ArtifactInfo> {
          if (artifact.owner_type == OwnerType::run)
            TRACSEQ_CHECK(tracking::require_run(tx, ctx, artifact.owner_id));
          TRACSEQ_TRY(const auto former,
                      ArtifactCatalog::find(tx, artifact.owner_type, artifact.owner_id, artifact.path));
          TRACSEQ_TRY(const Artifact made, catalog_.commit(tx, ctx, artifact, content));
          record.object_id = made.artifact_id;
          if (former) record.before = summary(*former);
          record.after = summary(made);
          publish(record, made, "stored");
          return artifact_info(ctx, catalog_, made);
        });
  }

  template <class F>
  Result<ArtifactInfo> change(const CallContext& ctx, const char* action, const ArtifactRef& in,
                              F function) const {
    return ledger_.change<ArtifactInfo>(
        ctx, {action, "artifact", in.artifact_id},
        [&](sql::Transaction& tx, audit::Record& record) -> Result<ArtifactInfo> {
          TRACSEQ_TRY(const Artifact before, artifact_of(tx, ctx, in.artifact_id));
          // The files of a model version are what was registered; they go with the version.
          if (before.owner_type == OwnerType::model_version)
            return fail(Code::conflict, "this file belongs to a model version and is deleted with it");
          TRACSEQ_TRY(const Artifact after, function(tx, in.artifact_id));
          record.before = summary(before);
          record.after = summary(after);
          publish(record, after, after.deleted_at ? "deleted" : "restored");
          return artifact_info(ctx, catalog_, after);
        });
  }

  static void publish(audit::Record& record, const Artifact& artifact, const char* kind) {
    if (artifact.owner_type != OwnerType::run) return;
    Json data = Json::object();
    data.set("run_id", artifact.owner_id);
    data.set("path", artifact.path);
    record.publish("artifacts", kind, std::move(data));
  }

  Result<Artifact> find(const CallContext& ctx, const ArtifactRef& in) const {
    return database_.read([&](sql::Session& session) { return artifact_of(session, ctx, in.artifact_id); });
  }

  sql::Database& database_;
  audit::Ledger& ledger_;
  ArtifactCatalog& catalog_;
};

}  // namespace

bool is_embedded(const CallContext& ctx) {
  return ctx.actor.client_address.empty() && ctx.actor.auth_method == "process";
}

Result<Artifact> artifact_of(sql::Session& session, const CallContext& ctx, const std::string& artifact_id) {
  TRACSEQ_TRY(Artifact artifact, ArtifactCatalog::get(session, artifact_id));
  if (artifact.project_id != ctx.project_id)
    return fail(Code::not_found, fmt::format("there is no artifact '{}'", artifact_id));
  return artifact;
}

ArtifactInfo artifact_info(const CallContext& ctx, ArtifactCatalog& catalog, const Artifact& artifact) {
  ArtifactInfo info;
  info.artifact_id = artifact.artifact_id;
  info.owner_type = artifact.owner_type;
  info.owner_id = artifact.owner_id;
  info.path = artifact.path;
  info.name = artifacts::file_name(artifact.path);
  info.version = artifact.version;
  info.digest = artifact.digest;
  info.size_bytes = artifact.size_bytes;
  info.content_type = artifact.content_type;
  info.artifact_type = artifact.artifact_type;
  info.description = artifact.description;
  info.metadata = artifact.metadata;
  info.created_at = artifact.created_at;
  info.created_by = artifact.created_by;
  info.deleted_at = artifact.deleted_at;
  if (is_embedded(ctx)) info.local_path = catalog.local_path(artifact);
  return info;
}

std::vector<Route> artifact_routes(sql::Database& database, audit::Ledger& ledger, ArtifactCatalog& catalog) {
  using enum Method;
  using enum Effect;
  const Handlers handlers(database, ledger, catalog);
  const std::string of_run = "/api/v1/runs/{run_id}/artifacts";
  const std::string one = "/api/v1/artifacts/{artifact_id}";
  const std::string uploads = "/api/v1/uploads";
  const RouteOptions large{.runs = RunsOn::worker, .status = 201, .body_bytes_max = kUploadBytesMax};
  const char* anything = "application/octet-stream";
  std::vector<Route> routes{stream_route(
                                put, of_run, "artifacts:write", changes,
                                "Store a file of a run; the body is its content", "application/json",
                                [handlers](const CallContext& ctx, const PutArtifact& in, Request& request) {
                                  return handlers.put(ctx, in, request);
                                },
                                large),
                            stream_route(
                                put, uploads, "artifacts:write", changes,
                                "Upload content for a later call to use, within a day", "application/json",
                                [handlers](const CallContext& ctx, const PutUpload& in, Request& request) {
                                  return handlers.put_upload(ctx, in, request);
                                },
                                large)};
  for (Route& stored : routes) stored.output = &type_info<ArtifactInfo>();
  const RouteOptions created{.runs = RunsOn::worker, .status = 201};
  routes.push_back(route(
      post, uploads, "artifacts:write", changes, "Use content that is stored already, by its digest",
      [handlers](const CallContext& ctx, const PutUpload& in) { return handlers.use_known(ctx, in); },
      created));
  routes.push_back(
      route(get, of_run, "runs:read", reads, "List the files of a run below a prefix, in order of path",
            [handlers](const CallContext& ctx, const ListArtifacts& in) { return handlers.list(ctx, in); }));
  routes.push_back(
      route(get, one, "artifacts:read", reads, "Get what is known of an artifact",
            [handlers](const CallContext& ctx, const ArtifactRef& in) { return handlers.get(ctx, in); }));
  routes.push_back(stream_route(get, one + "/content", "artifacts:read", reads,
                                "Download an artifact, whole or a range", anything,
                                [handlers](const CallContext& ctx, const ArtifactRef& in, Request& request) {
                                  return handlers.content(ctx, in, request);
                                }));
  routes.push_back(
      route(del, one, "artifacts:delete", changes, "Put an artifact into the trash",
            [handlers](const CallContext& ctx, const ArtifactRef& in) { return handlers.remove(ctx, in); }));
  routes.push_back(
      route(post, one + "/restore", "artifacts:delete", changes, "Bring an artifact back from the trash",
            [handlers](const CallContext& ctx, const ArtifactRef& in) { return handlers.restore(ctx, in); }));
  return routes;
}

}  // namespace tracseq::api
