// SPDX-License-Identifier: MIT
#include "cli/gateway_role.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>

#include "api/inference/traffic_follower.h"
#include "base/log.h"
#include "cli/process.h"
#include "cli/ready_file.h"
#include "cli/registry_client.h"
#include "cli/serving_plan.h"
#include "server/hard_end.h"
#include "server/proxy.h"

namespace tracseq::cli {
namespace {

constexpr std::int64_t kThreadsMax = 64;
constexpr unsigned kThreadsUsual = 2;
constexpr std::size_t kIdMax = 200;
constexpr std::chrono::milliseconds kStopGrace{10'000};  // after draining

struct GatewayPlan {
  ServingPlan serving;
  inference::TrafficFollowerOptions traffic;
  server::ProxyOptions proxy;
};

// As KeyAuthenticator has it, for a proxy, which does not know routes.
std::function<std::optional<Error>(std::string_view)> caller_check(const CallerKey& key) {
  if (!key.required) return {};
  const auto authenticator = std::make_shared<KeyAuthenticator>(key);
  return [authenticator](std::string_view authorization) -> std::optional<Error> {
    api::Request request;
    if (!authorization.empty()) request.headers["authorization"] = std::string(authorization);
    const auto actor = authenticator->from_memory(request);
    if (!*actor) return actor->error();
    if ((*actor)->may("models:predict")) return std::nullopt;
    return Error{Code::unauthenticated, "the Authorization header must be 'Bearer <MLOPS_API_KEY>'", {}, {}};
  };
}

Result<GatewayPlan> plan_of(const Invocation& in) {
  GatewayPlan plan;
  TRACSEQ_TRY(plan.serving, serving_plan(in));
  for (const char* option : {"tls-cert", "tls-key"})
    if (in.has(option))
      return fail_field(option,
                        fmt::format("--{} is not for --role gateway: its ports speak plain HTTP", option));
  const std::string id = in.get("gateway-id");
  if (id.empty() || id.size() > kIdMax || !std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
      }))
    return fail_field("gateway-id",
                      fmt::format("--gateway-id is '{}'; --role gateway needs one of at most {} "
                                  "letters, digits and -_.",
                                  id, kIdMax));
  plan.traffic.gateway_id = id;
  const std::string ready_file = in.get("ready-file");
  const std::string beside = ready_file.empty() ? id : ready_file;
  plan.traffic.table_file = in.get("table-file", beside + ".table");
  plan.proxy.host = plan.serving.server.host;
  plan.proxy.allowed_hosts = plan.serving.server.allowed_hosts;
  const unsigned usual = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsUsual);
  TRACSEQ_TRY(const std::int64_t threads, in.integer("threads", usual, 1, kThreadsMax));
  plan.proxy.threads = static_cast<unsigned>(threads);
  plan.proxy.refuse_caller = caller_check(plan.serving.key);
  return plan;
}

Result<void> serve(const GatewayPlan& plan, const ReadyFile& ready) {
  TRACSEQ_TRY(const auto registry, RegistryClient::make(plan.serving.registry, plan.serving.token));
  deployment::gateway::LiveTable table;
  std::optional<server::HardEnd> hard_end;
  server::Proxy proxy(table, plan.proxy);
  inference::TrafficFollower follower(*registry, table, [&] { return proxy.listen(); }, plan.traffic);
  metrics::add_process_metrics(metrics::process());

  proxy.start();
  follower.start();
  TRACSEQ_CHECK(ready.ready(0));
  for (const auto& slot : table.slots())
    fmt::print("{} listening on http://{}:{}\n", slot->service_name(), plan.proxy.host, slot->port());
  fmt::print("gateway {} is running\n", plan.traffic.gateway_id);
  std::fflush(stdout);
  while (wait_signal(std::chrono::milliseconds{500}) == 0) {
  }
  log::info("gateway.draining");
  hard_end.emplace(plan.proxy.limits.drain_max + kStopGrace);
  follower.stop();
  proxy.stop();
  follower.report();  // with the counts of what was under way
  return {};
}

}  // namespace

std::vector<Option> gateway_options() {
  return {{"gateway-id", "ID", "Role gateway: its name in reports to the control plane"},
          {"table-file", "FILE",
           "Role gateway: the routes in force last, for a start without control plane; absent: the ready "
           "file's name with .table"}};
}

Result<void> serve_gateway(const Invocation& in) {
  const ReadyFile ready(in.get("ready-file"));
  TRACSEQ_TRY(const GatewayPlan plan, plan_of(in));
  auto served = serve(plan, ready);
  if (!served)
    if (const auto written = ready.failed(served.error().message); !written)
      log::error("ready_file_not_written", {{"reason", written.error().message}});
  return served;
}

}  // namespace tracseq::cli
