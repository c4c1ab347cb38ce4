// SPDX-License-Identifier: MIT
#include "api/inference/forwarding.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/inference/remote_registry.h"
#include "base/log.h"
#include "domain/deployment/gateway/table_text.h"

namespace tracseq::inference {
namespace {

constexpr std::string_view kEnvironment = "production";
// What a gateway is told of a request, and a caller of an answer; the rest belongs to the one connection.
constexpr std::string_view kRequestFields[] = {"accept",           "authorization",
                                               "content-type",     "inference-header-content-length",
                                               "x-tracseq-target", "x-tracseq-sticky-key"};
constexpr std::string_view kAnswerFields[] = {"etag", "inference-header-content-length", "retry-after",
                                              "x-tracseq-deployment", "x-tracseq-version"};

bool is_active(const deployment::TrafficRoute& route) {
  return route.environment == kEnvironment && route.port != 0 &&
         std::any_of(route.targets.begin(), route.targets.end(),
                     [](const deployment::TrafficTarget& target) { return target.weight > 0; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string_view parameter(const api::Request& request, const std::string& name) {
  const auto found = request.path_params.find(name);
  return found == request.path_params.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace

void Forwarding::start() {
  look();
  thread_ = std::thread([this] { run(); });
}

void Forwarding::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Forwarding::run() {
  for (;;) {
    {
      Lock lock(mutex_);
      if (!stopping_) wake_.wait_for(lock, interval_);
      if (stopping_) return;
    }
    look();
  }
}

void Forwarding::look() {
  auto request = api::make_request(api::Method::get, "/api/v1/traffic");
  if (!request) return;
  if (!etag_.empty()) request->headers["if-none-match"] = etag_;
  const auto response = registry_.send(std::move(*request), kRegistryTimeout);
  // Without an answer, or from a registry without deployments, everything stays as it is.
  if (!response || response->status != 200) return;
  const auto table = deployment::gateway::read_table(response->body);
  if (!table) {
    log::warning("model_server.traffic", {{"reason", table.error().message}});
    return;
  }
  etag_ = header_of(*response, "etag");
  take(*table);
}

void Forwarding::take(const deployment::TrafficTable& table) {
  std::shared_ptr<const Ways> before;
  {
    const Lock lock(mutex_);
    before = ways_;
  }
  auto next = std::make_shared<Ways>();
  for (const deployment::TrafficRoute& route : table.routes) {
    if (!is_active(route)) continue;
    if (const auto same = before->find(route.model_id);
        same != before->end() && same->second.port == route.port) {
      next->insert(*same);
      continue;
    }
    auto client = connect_(fmt::format("http://127.0.0.1:{}", route.port));
    if (!client) {
      log::error("model_server.traffic", {{"reason", client.error().message}});
      continue;
    }
    log::info("model_server.forwards", {{"model_id", route.model_id}, {"port", route.port}});
    next->emplace(route.model_id, Way{route.port, std::move(*client)});
  }
  const Lock lock(mutex_);
  ways_ = std::move(next);
}

std::shared_ptr<api::Client> Forwarding::client_for(std::string_view model) const {
  std::shared_ptr<const Ways> ways;
  {
    const Lock lock(mutex_);
    ways = ways_;
  }
  const auto found = ways->find(model);
  return found == ways->end() ? nullptr : found->second.client;
}

std::vector<api::Route> Forwarding::wrap(std::vector<api::Route> routes, const std::string& model_parameter) {
  for (api::Route& route : routes) {
    if (route.path.find('{' + model_parameter + '}') == std::string::npos) continue;
    route.waits = [this, model_parameter](const api::Request& request) {
      return client_for(parameter(request, model_parameter)) != nullptr;
    };
    route.handler = [this, model_parameter, own = std::move(route.handler)](
                        const CallContext& ctx, api::Request& request) -> Result<api::Response> {
      const auto gateway = client_for(parameter(request, model_parameter));
      if (gateway == nullptr) return own(ctx, request);
      return forward(*gateway, ctx, request);
    };
  }
  return routes;
}

Result<api::Response> Forwarding::forward(api::Client& gateway, const CallContext& ctx,
                                          api::Request& request) {
  api::Request next;
  next.method = request.method;
  next.path = request.path;
  next.query = request.query;
  next.body = std::move(request.body);
  for (const std::string_view name : kRequestFields)
    if (const std::string_view value = request.header(name); !value.empty())
      next.headers.emplace(name, value);
  next.headers.emplace("x-request-id", ctx.request_id);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(ctx.deadline - Steady::now());
  TRACSEQ_TRY(api::Response answer,
              gateway.send(std::move(next), std::max(left, std::chrono::milliseconds{1})));
  std::erase_if(answer.headers, [](auto& header) {
    header.first = lower(std::move(header.first));
    return std::find(std::begin(kAnswerFields), std::end(kAnswerFields), header.first) ==
           std::end(kAnswerFields);
  });
  return answer;
}

}  // namespace tracseq::inference
