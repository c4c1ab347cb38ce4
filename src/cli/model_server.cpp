// SPDX-License-Identifier: MIT
#include "cli/model_server.h"

#include <fmt/core.h>

#include <cstdio>
#include <optional>

#include "api/inference/forwarding.h"
#include "api/inference/health_routes.h"
#include "api/inference/inference_routes.h"
#include "api/inference/remote_recorder.h"
#include "api/inference/remote_registry.h"
#include "api/inference/usage_reporter.h"
#include "api/system_routes.h"
#include "base/log.h"
#include "cli/gateway_role.h"
#include "cli/key_authenticator.h"
#include "cli/pairing.h"
#include "cli/process.h"
#include "cli/registry_client.h"
#include "cli/replica_role.h"
#include "cli/serving_plan.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "domain/serving/feature_rows.h"
#include "domain/serving/onnx_engine.h"
#include "server/hard_end.h"
#include "server/http_client.h"
#include "server/http_url.h"
#include "server/server.h"

namespace tracseq::cli {
namespace {

// A gateway listens on the loopback of the machine its control plane runs on.
bool is_near(const std::string& registry_url) {
  const auto url = server::parse_http_url(registry_url);
  if (!url) return true;  // a database: its deployments run where the programs run that open it
  const auto place = server::find_place(url->host);
  return place && place->loopback;
}

Result<std::unique_ptr<api::Client>> connect(const std::string& url) {
  server::HttpClientOptions options;
  options.url = url;
  TRACSEQ_TRY(auto client, server::HttpClient::open(std::move(options)));
  return std::unique_ptr<api::Client>(std::move(client));
}

Result<void> follow_production(const Invocation& in) {
  TRACSEQ_TRY(const ServingPlan plan, serving_plan(in));
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
  inference::Forwarding forwarding(*registry, connect);
  const bool near = is_near(plan.registry.database_url);
  router.add(forwarding.wrap(inference::protocol_routes(serving), "model"));
  router.add(forwarding.wrap(inference::predict_routes(serving), "name"));
  router.add(inference::health_routes({table, follower, recording, metrics::process(),
                                       [&] { return http.draining(); }, [&] { return pairing.reason(); },
                                       kVersion}));
  router.add({api::openapi_route(router, kVersion)});
  metrics::add_process_metrics(metrics::process());

  inference::UsageReporter usage(*registry, table, recording, plan.usage_interval);
  follower.start();
  if (near)
    forwarding.start();
  else
    log::info("model_server.no_forwarding", {{"reason", "the registry is on another machine"}});
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
  forwarding.stop();
  pairing.stop();
  usage.stop();
  follower.stop();
  recording.stop();
  return {};
}

}  // namespace

std::vector<Option> model_server_options() {
  return with(with(with(settings_options(), replica_options()), gateway_options()),
              {{"registry-url", "URL",
                "The registry: sqlite:///file.db, postgresql://… or the URL of a server; absent: "
                "the settings' database.url",
                Takes::one, false, "", "MODEL_REGISTRY_URL"},
               {"host", "ADDRESS", "Where to listen; others than loopback switch authentication on",
                Takes::one, false, "127.0.0.1"},
               {"port", "N", "0 picks a free one and prints it", Takes::one, false, "8081"},
               {"token-file", "FILE", "The credential for the registry; absent: MLOPS_API_KEY"},
               {"cache-dir", "DIR",
                "Models and undelivered predictions; one server each; absent: mlops_data/model_server, of a "
                "replica the "
                "ready file's name with .cache"},
               {"spool-max-mb", "N", "Most undelivered predictions kept on disk", Takes::one, false, "256"},
               {"auth", "auto|on|off", "Whether callers must show MLOPS_API_KEY; auto: unless on loopback",
                Takes::one, false, "auto"},
               {"tls-cert", "FILE", "PEM certificate with its chain"},
               {"tls-key", "FILE", "PEM key"},
               {"allowed-host", "NAME", "A further host name this server is called by", Takes::many},
               {"role", "production|replica|gateway",
                "What it serves: what is in production, one version for a deployment, or the addresses of "
                "deployments",
                Takes::one, false, "production"},
               {"ready-file", "FILE", "Other roles: where it says that it listens, or why it does not"}});
}

Result<void> model_server(const Invocation& in) {
  block_signals();
  const std::string role = in.get("role", "production");
  if (role == "production") return follow_production(in);
  if (role == "replica") return serve_replica(in);
  if (role == "gateway") return serve_gateway(in);
  return fail_field("role", fmt::format("--role is '{}'; it must be production, replica or gateway", role));
}

}  // namespace tracseq::cli
