// SPDX-License-Identifier: MIT
#include "cli/model_server.h"

#include <fmt/core.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

#include "api/inference/health_routes.h"
#include "api/inference/inference_routes.h"
#include "api/inference/remote_recorder.h"
#include "api/inference/remote_registry.h"
#include "api/inference/usage_reporter.h"
#include "api/system_routes.h"
#include "base/log.h"
#include "cli/key_authenticator.h"
#include "cli/pairing.h"
#include "cli/place.h"
#include "cli/process.h"
#include "cli/registry_client.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "domain/serving/feature_rows.h"
#include "domain/serving/onnx_engine.h"
#include "server/hard_end.h"
#include "server/server.h"

namespace tracseq::cli {
namespace {

constexpr std::int64_t kSpoolMbMax = 1 << 20;

struct Plan {
  server::ServerOptions server;
  api::CoreOptions registry;
  std::string token;                      // for the registry
  CallerKey key;                          // of callers
  std::chrono::seconds usage_interval{};  // between two reports of what serving costs
  std::filesystem::path cache_dir;
  std::uint64_t spool_bytes_max = 0;
};

Result<std::string> read_token(const std::string& file, const std::string& key) {
  if (file.empty()) return key;
  std::ifstream in(file);
  std::string token{std::istreambuf_iterator<char>(in), {}};
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) token.pop_back();
  if (token.empty())
    return fail_field("token-file", fmt::format("--token-file {} cannot be read or is empty", file));
  return token;
}

Result<Plan> plan_of(const Invocation& in) {
  Plan plan;
  TRACSEQ_TRY(const std::int64_t port, in.integer("port", 8081, 0, 65535));
  TRACSEQ_TRY(const std::int64_t spool_mb, in.integer("spool-max-mb", 256, 1, kSpoolMbMax));
  TRACSEQ_TRY(const config::Loaded settings, load_settings(in, "registry-url"));
  const std::string key = settings.config.security.api_key;
  plan.registry = api::core_options(settings.config);
  plan.registry.version = kVersion;
  plan.usage_interval = std::chrono::seconds(settings.config.monitoring.health_check_interval_seconds);
  TRACSEQ_TRY(plan.token, read_token(in.get("token-file"), key));
  plan.cache_dir = in.get("cache-dir");
  plan.spool_bytes_max = static_cast<std::uint64_t>(spool_mb) << 20;
  plan.server.host = in.get("host", "127.0.0.1");
  plan.server.port = static_cast<std::uint16_t>(port);
  plan.server.tls_certificate_file = in.get("tls-cert");
  plan.server.tls_key_file = in.get("tls-key");
  plan.server.allowed_hosts = in.all("allowed-host");
  plan.server.serve_page = false;
  TRACSEQ_TRY(const bool loopback, settle_host(plan.server));
  TRACSEQ_TRY(plan.key, caller_key(in.get("auth", "auto"), loopback, key));
  return plan;
}

}  // namespace

std::vector<Option> model_server_options() {
  return with(settings_options(),
              {{"registry-url", "URL",
                "The registry: sqlite:///file.db, postgresql://… or the URL of a server; absent: "
                "the settings' database.url",
                Takes::one, false, "", "MODEL_REGISTRY_URL"},
               {"host", "ADDRESS", "Where to listen; others than loopback switch authentication on",
                Takes::one, false, "127.0.0.1"},
               {"port", "N", "0 picks a free one and prints it", Takes::one, false, "8081"},
               {"token-file", "FILE", "The credential for the registry; absent: MLOPS_API_KEY"},
               {"cache-dir", "DIR", "Models and undelivered predictions; one server each", Takes::one, false,
                "mlops_data/model_server"},
               {"spool-max-mb", "N", "Most undelivered predictions kept on disk", Takes::one, false, "256"},
               {"auth", "auto|on|off", "Whether callers must show MLOPS_API_KEY; auto: unless on loopback",
                Takes::one, false, "auto"},
               {"tls-cert", "FILE", "PEM certificate with its chain"},
               {"tls-key", "FILE", "PEM key"},
               {"allowed-host", "NAME", "A further host name this server is called by", Takes::many}});
}

Result<void> model_server(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const Plan plan, plan_of(in));
  std::optional<server::HardEnd> hard_end;  // destroyed last: stopping is over then
  TRACSEQ_TRY(const auto cache, serving::ModelCache::open(plan.cache_dir));
  const auto key_file = cache->folder() / "registry.token";
  const bool given = !plan.token.empty();  // then it is that or nothing
  TRACSEQ_TRY(const auto registry,
              RegistryClient::make(plan.registry, given ? plan.token : Pairing::kept(key_file)));
  TRACSEQ_TRY(auto spool, serving::Spool::open(cache->folder() / "spool", plan.spool_bytes_max));

  serving::ModelTable table;
  serving::RecordingQueue recording(std::make_unique<inference::RemoteRecorder>(*registry), std::move(spool));
  inference::RemoteRegistry source(*registry);
  serving::Follower follower(table, *cache, {&serving::onnx_engine()}, source, serving::feature_rows);

  Pairing pairing(
      *registry, [&] { return follower.report().registry == serving::RegistryState::unauthenticated; },
      key_file);

  api::Router router;
  KeyAuthenticator authenticator(plan.key);
  server::HttpServer http(router, authenticator, plan.server);
  TRACSEQ_CHECK(http.bind());  // loading the models takes its time; a port that is taken need not
  const inference::Serving serving{table, recording, kVersion};
  router.add(inference::protocol_routes(serving));
  router.add(inference::predict_routes(serving));
  router.add(inference::health_routes({table, follower, recording, metrics::process(),
                                       [&] { return http.draining(); }, [&] { return pairing.reason(); },
                                       kVersion}));
  router.add({api::openapi_route(router, kVersion)});
  metrics::add_process_metrics(metrics::process());

  inference::UsageReporter usage(*registry, table, recording, plan.usage_interval);
  follower.start();
  TRACSEQ_CHECK(http.start());
  usage.start();
  if (!given) pairing.start();
  fmt::print("listening on {}\n", http.url());
  std::fflush(stdout);
  while (wait_signal(std::chrono::milliseconds{500}) == 0) {
  }
  log::info("model_server.draining");
  hard_end.emplace(plan.server.limits.stop_max());
  http.stop();
  pairing.stop();
  usage.stop();
  follower.stop();
  recording.stop();
  return {};
}

}  // namespace tracseq::cli
