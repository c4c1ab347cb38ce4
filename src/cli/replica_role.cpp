// SPDX-License-Identifier: MIT
#include "cli/replica_role.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "api/inference/health_routes.h"
#include "api/inference/inference_routes.h"
#include "api/inference/pinned_version.h"
#include "api/inference/remote_recorder.h"
#include "api/inference/usage_reporter.h"
#include "api/system_routes.h"
#include "base/log.h"
#include "cli/process.h"
#include "cli/ready_file.h"
#include "cli/registry_client.h"
#include "cli/serving_plan.h"
#include "cli/version.h"
#include "domain/serving/feature_rows.h"
#include "domain/serving/onnx_engine.h"
#include "server/hard_end.h"

namespace tracseq::cli {
namespace {

constexpr std::int64_t kThreadsMax = 256;
constexpr std::size_t kHealthPathMax = 200;
constexpr std::chrono::seconds kRegistryWaitMax{60};  // for a registry that does not answer at the start
constexpr std::chrono::milliseconds kRegistryAsked{2'000};  // nothing comes of it any more but its state
constexpr std::chrono::milliseconds kLoadLook{5};

struct ReplicaPlan {
  ServingPlan serving;
  std::string model_id;
  std::string version;
  std::string health_path;
  std::string ready_file;
};

// A path the router takes as it stands.
bool is_plain_path(std::string_view path) {
  return path.starts_with('/') && path.size() > 1 && path.size() <= kHealthPathMax &&
         std::all_of(path.begin(), path.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '/' || c == '-' || c == '_' || c == '.' || c == '~';
         });
}

Result<ReplicaPlan> plan_of(const Invocation& in) {
  ReplicaPlan plan;
  TRACSEQ_TRY(plan.serving, serving_plan(in));
  plan.model_id = in.get("model");
  plan.version = in.get("model-version");
  if (plan.model_id.empty()) return fail_field("model", "--role replica needs --model MODEL_ID");
  if (plan.version.empty())
    return fail_field("model-version", "--role replica needs --model-version VERSION");
  plan.health_path = in.get("health-path", "/health");
  if (!is_plain_path(plan.health_path))
    return fail_field("health-path", fmt::format("--health-path is '{}'; it must begin with '/' and hold at "
                                                 "most {} letters, digits and /-_.~",
                                                 plan.health_path, kHealthPathMax));
  TRACSEQ_TRY(const std::int64_t threads,
              in.integer("threads", plan.serving.server.limits.workers, 1, kThreadsMax));
  plan.serving.server.limits.workers = static_cast<unsigned>(threads);
  plan.ready_file = in.get("ready-file");
  // One cache each: replicas of one deployment run side by side.
  if (!in.has("cache-dir") && !plan.ready_file.empty()) plan.serving.cache_dir = plan.ready_file + ".cache";
  return plan;
}

// Whether the version answers; an error once it is certain that it will not. SIGTERM ends the wait.
Result<bool> wait_until_loaded(const ReplicaPlan& plan, const serving::ModelTable& table,
                               const serving::Follower& follower, const inference::PinnedVersion& source) {
  const auto give_up = Steady::now() + kRegistryWaitMax;
  while (wait_signal(kLoadLook) == 0) {
    if (table.find(plan.model_id, plan.version)) return true;
    if (auto refused = source.refused()) return fail(std::move(*refused));
    for (const serving::ModelReport& model : table.reports())
      if (model.name == plan.model_id && model.wanted_version == plan.version &&
          (model.state == serving::ModelState::failed || model.state == serving::ModelState::broken ||
           model.state == serving::ModelState::not_servable))
        return fail(Code::unprocessable, fmt::format("the model '{}' version {} cannot be loaded: {}",
                                                     plan.model_id, plan.version, model.reason));
    if (const auto contact = follower.report();
        contact.registry == serving::RegistryState::unreachable && Steady::now() > give_up)
      return fail(Code::unavailable, "the registry does not answer: " + contact.reason);
  }
  return false;
}

// The check path of the deployment, where it is none of the usual ones.
void add_health_path(api::Router& router, std::vector<api::Route> health, const std::string& path) {
  const bool usual = std::any_of(health.begin(), health.end(), [&](const auto& r) { return r.path == path; });
  if (!usual) {
    api::Route probe = health.front();  // /health
    probe.path = path;
    health.push_back(std::move(probe));
  }
  router.add(std::move(health));
}

Result<void> serve(const ReplicaPlan& plan, const ReadyFile& ready) {
  std::optional<server::HardEnd> hard_end;  // destroyed last: stopping is over then
  TRACSEQ_TRY(const auto cache, serving::ModelCache::open(plan.serving.cache_dir));
  TRACSEQ_TRY(const auto registry, RegistryClient::make(plan.serving.registry, plan.serving.token));
  TRACSEQ_TRY(auto spool, serving::Spool::open(cache->folder() / "spool", plan.serving.spool_bytes_max));

  serving::ModelTable table;
  serving::RecordingQueue recording(std::make_unique<inference::RemoteRecorder>(*registry), std::move(spool));
  inference::PinnedVersion source(*registry, plan.model_id, plan.version);
  serving::FollowerOptions pace;
  pace.interval = kRegistryAsked;
  serving::Follower follower(table, *cache, {&serving::onnx_engine()}, source, serving::feature_rows, pace);

  api::Router router;
  KeyAuthenticator authenticator(plan.serving.key);
  server::HttpServer http(router, authenticator, plan.serving.server);
  const inference::Serving serving{table, recording, kVersion};
  router.add(inference::protocol_routes(serving));
  router.add(inference::predict_routes(serving));
  add_health_path(
      router,
      inference::health_routes({table, follower, recording, metrics::process(),
                                [&] { return http.draining(); }, [] { return std::string(); }, kVersion}),
      plan.health_path);
  router.add({api::openapi_route(router, kVersion)});
  metrics::add_process_metrics(metrics::process());
  inference::UsageReporter usage(*registry, table, recording, plan.serving.usage_interval);

  follower.start();
  TRACSEQ_TRY(const bool loaded, wait_until_loaded(plan, table, follower, source));
  if (loaded) {
    TRACSEQ_CHECK(http.start());
    usage.start();
    TRACSEQ_CHECK(ready.ready(http.port()));
    fmt::print("listening on {}\n", http.url());
    std::fflush(stdout);
    while (wait_signal(std::chrono::milliseconds{500}) == 0) {
    }
  }
  log::info("replica.draining");
  hard_end.emplace(plan.serving.server.limits.stop_max());
  http.stop();
  usage.stop();
  follower.stop();
  recording.stop();
  return {};
}

}  // namespace

std::vector<Option> replica_options() {
  return {{"model", "MODEL_ID", "Role replica: the model"},
          {"model-version", "VERSION", "Role replica: the version, whatever its status"},
          {"health-path", "PATH", "Role replica: what checks of its health ask for", Takes::one, false,
           "/health"},
          {"threads", "N",
           "Role replica: threads for requests that are not answered at once; role gateway: I/O threads"}};
}

Result<void> serve_replica(const Invocation& in) {
  const ReadyFile ready(in.get("ready-file"));
  TRACSEQ_TRY(const ReplicaPlan plan, plan_of(in));
  auto served = serve(plan, ready);
  if (!served)
    if (const auto written = ready.failed(served.error().message); !written)
      log::error("ready_file_not_written", {{"reason", written.error().message}});
  return served;
}

}  // namespace tracseq::cli
