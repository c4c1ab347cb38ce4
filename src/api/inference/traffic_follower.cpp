// SPDX-License-Identifier: MIT
#include "api/inference/traffic_follower.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "api/inference/remote_registry.h"
#include "base/log.h"
#include "base/replace_file.h"
#include "domain/deployment/gateway/table_text.h"

namespace tracseq::inference {
namespace {

using deployment::TrafficRoute;
using deployment::TrafficTable;
using deployment::gateway::read_table;

constexpr std::uintmax_t kTableBytesMax = 64UL << 20;

// The control plane will never take this report, however often it is sent.
bool is_refused(Code code) {
  return code == Code::invalid || code == Code::too_large || code == Code::unprocessable ||
         code == Code::conflict;
}

}  // namespace

TrafficFollower::TrafficFollower(api::Client& client, deployment::gateway::LiveTable& table, Settle settle,
                                 TrafficFollowerOptions options)
    : client_(client), table_(table), settle_(std::move(settle)), options_(std::move(options)) {}

void TrafficFollower::start() {
  TrafficTable before;  // its ports are ours, whatever the control plane knows of them
  const bool kept = read_kept();
  if (kept) before = wanted_;
  // What is on disk may be out of date: it serves only where nobody says better.
  if (!look() && kept) apply(std::move(before));
  thread_ = std::thread([this] { run(); });
}

void TrafficFollower::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TrafficFollower::run() {
  for (;;) {
    {
      Lock lock(mutex_);
      if (!stopping_) wake_.wait_for(lock, options_.interval);
      if (stopping_) return;
    }
    look();
    const auto now = Steady::now();
    if (now >= next_settle_) {
      next_settle_ = now + options_.settle_every;
      if (settle_()) {
        keep();
        report();
      }
    }
    if (now >= next_report_) report();
  }
}

Result<std::optional<TrafficTable>> TrafficFollower::ask() {
  TRACSEQ_TRY(api::Request request, api::make_request(api::Method::get, "/api/v1/traffic"));
  if (!etag_.empty()) request.headers["if-none-match"] = etag_;
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kTrafficTimeout));
  if (response.status == 304) return std::optional<TrafficTable>{};
  if (response.status != 200) return fail(error_of(response));
  TRACSEQ_TRY(TrafficTable table, read_table(response.body));
  etag_ = header_of(response, "etag");
  return std::optional(std::move(table));
}

// True if the control plane answered.
bool TrafficFollower::look() {
  auto answer = ask();
  note(answer ? Result<void>{} : Result<void>(tl::unexpect, answer.error()));
  if (!answer) return false;
  if (*answer) {
    apply(std::move(**answer));
    report();
  }
  return true;
}

// True if every route that may have any port has one.
bool TrafficFollower::put(TrafficTable table) {
  for (TrafficRoute& route : table.routes)
    if (const auto before = ports_.find(route.service_name); route.port == 0 && before != ports_.end())
      route.port = before->second;
  table_.apply(table);
  settle_();
  bool all = true;
  for (const auto& slot : table_.slots()) {
    if (slot->port() != 0) ports_[slot->service_name()] = slot->port();
    const bool any =
        std::any_of(wanted_.routes.begin(), wanted_.routes.end(), [&](const TrafficRoute& route) {
          return route.service_name == slot->service_name() && route.port == 0;
        });
    if (slot->port() == 0 && any && ports_.erase(slot->service_name()) > 0) all = false;
  }
  return all;
}

void TrafficFollower::apply(TrafficTable table) {
  wanted_ = std::move(table);
  std::erase_if(ports_, [&](const auto& item) {
    return std::none_of(wanted_.routes.begin(), wanted_.routes.end(),
                        [&](const TrafficRoute& route) { return route.service_name == item.first; });
  });
  // A port that only we know of and somebody else has now is given up.
  if (!put(wanted_)) put(wanted_);
  for (const TrafficRoute& route : wanted_.routes)
    log::info("gateway.route", {{"service", route.service_name}, {"generation", route.generation}});
  keep();
}

void TrafficFollower::keep() {
  if (options_.table_file.empty()) return;
  TrafficTable table = wanted_;
  table_.note_ports(table);
  std::string text = to_json(table);
  if (text == kept_) return;
  if (const auto written = replace_file(options_.table_file, text); !written) {
    log::error("gateway.table_not_kept", {{"reason", written.error().message}});
    return;
  }
  kept_ = std::move(text);
}

bool TrafficFollower::read_kept() {
  std::error_code error;
  const std::string& path = options_.table_file;
  if (path.empty() || !std::filesystem::is_regular_file(path, error) ||
      std::filesystem::file_size(path, error) > kTableBytesMax)
    return false;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto table = read_table(text);
  if (!table) {
    log::warning("gateway.table_damaged", {{"path", path}, {"reason", table.error().message}});
    return false;
  }
  kept_ = std::move(text);
  wanted_ = std::move(*table);
  for (const TrafficRoute& route : wanted_.routes)
    if (route.port != 0) ports_[route.service_name] = route.port;
  return true;
}

std::string TrafficFollower::next_report() {
  deployment::GatewayReport report;
  report.gateway_id = options_.gateway_id;
  report.sequence = ++sequence_;
  report.pid = ::getpid();
  report.routes = table_.take_states();
  for (deployment::RouteState& route : report.routes)
    std::erase_if(route.counts, [](const deployment::TargetCounts& counts) { return counts.requests == 0; });
  return to_json(report);
}

// One that was not answered goes first, as it was.
void TrafficFollower::report() {
  next_report_ = Steady::now() + options_.report_every;
  for (int round = 0; round < 2; ++round) {
    const bool repeated = !pending_.empty();
    if (!repeated) pending_ = next_report();
    const auto delivered = deliver(pending_);
    if (!delivered && !is_refused(delivered.error().code)) return;
    if (!delivered) log::error("gateway.report_refused", {{"reason", delivered.error().message}});
    pending_.clear();
    if (!repeated) return;
  }
}

Result<void> TrafficFollower::deliver(const std::string& body) {
  TRACSEQ_TRY(
      api::Request request,
      api::make_request(api::Method::post,
                        "/api/v1/gateways/" + api::percent_encode(options_.gateway_id) + "/report", body));
  request.headers["content-type"] = "application/json";
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kTrafficTimeout));
  if (response.status >= 300) return fail(error_of(response));
  return {};
}

// A line only where that changes.
void TrafficFollower::note(const Result<void>& contact) {
  if (reachable_ == contact.has_value()) return;
  reachable_ = contact.has_value();
  log::write(
      contact ? log::Level::info : log::Level::warning, "gateway.control_plane",
      {{"reachable", contact.has_value()}, {"reason", contact ? std::string() : contact.error().message}});
}

}  // namespace tracseq::inference
