// SPDX-License-Identifier: MIT
#include "api/inference/health_routes.h"

#include <fmt/core.h>

#include "api/inference/inference_routes.h"

namespace tracseq::inference {

TRACSEQ_DEFINE_TYPE(RecordingReport,
                    {.name = "delivered", .text = "Predictions written to the log since the start"},
                    {.name = "overflowed", .text = "Not recorded: the queue or the spool was full"},
                    {.name = "rejected", .text = "Not recorded: the log refused them"},
                    {.name = "damaged", .text = "Not recorded: their file on disk could not be read"},
                    {.name = "spooled", .text = "Waiting on disk"},
                    {.name = "spool_bytes", .text = "Bytes they take"},
                    {.name = "last_error", .text = "Why the last delivery failed; empty: it did not"})
TRACSEQ_DEFINE_TYPE(
    ServingHealth,
    {.name = "status", .text = "ok, degraded (serves, but not as it should), waiting or draining"},
    {.name = "reason", .text = "Why the status is not ok"}, {.name = "version", .text = "Of this program"},
    {.name = "registry", .text = "Whether it answers"}, {.name = "models", .text = "Those in production"},
    {.name = "recording", .text = "The way to the prediction log"})

namespace {

using api::Effect;
using api::Method;
using api::Request;
using api::Response;
using api::Route;
using api::RunsOn;

template <class F>
Route probe(std::string path, std::string summary, std::string produces, F function) {
  Route route;
  route.method = Method::get;
  route.path = std::move(path);
  route.permission = "public";
  route.effect = Effect::reads;
  route.summary = std::move(summary);
  route.input = &type_info<NoInput>();
  route.runs = RunsOn::immediate;
  route.produces = std::move(produces);
  route.handler = [function](const CallContext&, Request&) -> Result<Response> { return function(); };
  return route;
}

std::string waiting_reason(const ServingHealth& health) {
  if (health.registry.registry == serving::RegistryState::unauthenticated)
    return "the registry wants a credential: " + health.registry.reason;
  if (health.models.empty() && health.registry.registry != serving::RegistryState::reachable)
    return health.registry.reason.empty() ? "the registry has not answered yet" : health.registry.reason;
  for (const serving::ModelReport& model : health.models)
    if (model.serving_version.empty() && !serving::never_served(model.state))
      return fmt::format("the model '{}' version {} is not ready{}{}", model.name, model.wanted_version,
                         model.reason.empty() ? "" : ": ", model.reason);
  return "the models are loading";
}

std::string degraded_reason(const ServingHealth& health) {
  for (const serving::ModelReport& model : health.models)
    if (model.state != serving::ModelState::ready)
      return fmt::format("the model '{}' version {}: {}", model.name, model.wanted_version,
                         model.reason.empty() ? "loading" : model.reason);
  if (health.registry.registry != serving::RegistryState::reachable)
    return health.registry.reason.empty() ? "the registry has not answered yet" : health.registry.reason;
  if (!health.recording.last_error.empty())
    return "predictions are not delivered: " + health.recording.last_error;
  return {};
}

}  // namespace

ServingHealth serving_health(const HealthSources& sources) {
  ServingHealth health;
  health.version = sources.version;
  health.registry = sources.follower.report();
  health.models = sources.table.reports();
  const serving::RecordingStats stats = sources.recording.stats();
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  health.recording = {number(stats.delivered), number(stats.overflowed), number(stats.rejected),
                      number(stats.damaged),   number(stats.spooled),    number(stats.spool_bytes),
                      stats.last_error};
  if (sources.draining()) {
    health.status = "draining";
    health.reason = "the server is ending";
  } else if (!sources.table.ready()) {
    health.status = "waiting";
    const std::string pairing = sources.pairing();
    health.reason = pairing.empty() ? waiting_reason(health) : pairing;
  } else {
    health.reason = degraded_reason(health);
    health.status = health.reason.empty() ? "ok" : "degraded";
  }
  return health;
}

std::vector<Route> health_routes(const HealthSources& sources) {
  const auto serves = [](const ServingHealth& health) {
    return health.status == "ok" || health.status == "degraded";
  };
  Route health =
      probe("/health", "Models, registry and recording of this model server", "application/json", [=] {
        const ServingHealth state = serving_health(sources);
        return Response::json(to_json(state), serves(state) ? 200 : 503);
      });
  health.output = &type_info<ServingHealth>();
  Route live = probe("/livez", "Whether the server runs", "text/plain", [] {
    Response response;
    response.content_type = "text/plain";
    response.body = "ok\n";
    return response;
  });
  Route ready = probe("/readyz", "Whether every model in production is served", "text/plain", [=] {
    const ServingHealth state = serving_health(sources);
    Response response;
    response.status = serves(state) ? 200 : 503;
    response.content_type = "text/plain";
    response.body = (serves(state) ? std::string("ok") : state.reason) + "\n";
    return response;
  });
  Route metrics = probe("/metrics", "Counters and timings in Prometheus' text format",
                        "text/plain; version=0.0.4", [&registry = sources.metrics] {
                          Response response;
                          response.content_type = "text/plain; version=0.0.4";
                          response.body = registry.text();
                          return response;
                        });
  return {std::move(health), std::move(live), std::move(ready), std::move(metrics)};
}

}  // namespace tracseq::inference
