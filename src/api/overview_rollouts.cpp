// SPDX-License-Identifier: MIT
#include "api/overview_rollouts.h"

#include <fmt/core.h>

#include <chrono>

namespace tracseq::api {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr const char* kDeploymentsRead = "50";
constexpr const char* kTestsRead = "100";
constexpr int kLiveTestsRead = 10;  // a report each

bool flag_of(const Json& row, std::string_view key) {
  const Json* found = row.find(key);
  return found != nullptr && found->bool_or(false);
}

std::optional<double> share(int part, int whole) {
  return whole > 0 ? std::optional(static_cast<double>(part) / whole) : std::nullopt;
}

std::string name_of(const Json& deployment) {
  return fmt::format("{} {} in {}", text_of(deployment, "model_id"), text_of(deployment, "model_version"),
                     text_of(deployment, "environment"));
}

void read_deployments(const Answers& answers, Timestamp now, RolloutNews& into) {
  int over = 0, good = 0;
  for (const Json& row : answers.list("/api/v1/deployments", {{"limit", kDeploymentsRead}})) {
    const std::string status = text_of(row, "status");
    const bool failed = status == "failed" || status == "rolled_back";
    over += failed || status == "deployed" ? 1 : 0;
    good += status == "deployed" ? 1 : 0;
    const auto add = [&](std::optional<Timestamp> time, const char* severity, std::string message) {
      into.attention.push_back(
          {time, severity, std::move(message), "deployment", text_of(row, "deployment_id")});
    };
    const auto since = time_of(row, "phase_since");
    if (flag_of(row, "paused")) {
      add(since, "warning",
          fmt::format("Roll-out of {} is paused: {}", name_of(row), text_of(row, "pause_reason")));
    } else if (text_of(row, "phase") == "analysing" && text_of(row, "verdict") == "success") {
      add(since, "info", fmt::format("Roll-out of {} waits to be promoted", name_of(row)));
    } else if (const auto ended = time_of(row, "completed_at");
               failed && (!ended || *ended >= now - kDay) && since && *since >= now - kDay) {
      const std::string why = text_of(row, "error_message");
      if (why.empty()) continue;  // somebody took it back
      add(since, status == "failed" ? "critical" : "warning",
          fmt::format("Roll-out of {} {}: {}", name_of(row),
                      status == "failed" ? "failed" : "was rolled back", why));
    }
  }
  into.deployments_succeeded = share(good, over);
}

// What a live test's report asks of somebody; true if a difference is shown.
bool read_report(const Answers& answers, const Json& test, RolloutNews& into) {
  const std::string id = text_of(test, "test_id");
  const auto report = answers.get(fmt::format("/api/v1/abtests/{}/results", id));
  const Json* verdict = report ? report->find("verdict") : nullptr;
  if (verdict == nullptr) return false;
  const std::string decision = text_of(*verdict, "decision");
  if (decision != "none")
    into.attention.push_back(
        {time_of(test, "started_at"), decision == "blocked" ? "critical" : "info",
         fmt::format("A/B test “{}”: {}", text_of(test, "name"), text_of(*verdict, "reason")), "abtest", id});
  return decision == "better" || decision == "worse";
}

void read_tests(const Answers& answers, RolloutNews& into) {
  int started = 0, shown = 0, read = 0;
  for (const Json& row : answers.list("/api/v1/abtests", {{"limit", kTestsRead}})) {
    const std::string status = text_of(row, "status");
    if (status == "planning" || status == "cancelled") continue;
    ++started;
    if (status == "completed") {
      shown += flag_of(row, "significant") ? 1 : 0;
      continue;
    }
    if (read < kLiveTestsRead) {
      ++read;
      shown += read_report(answers, row, into) ? 1 : 0;
    }
    if (const std::string why = text_of(row, "status_reason");
        status == "paused" && why.starts_with("guardrail"))
      into.attention.push_back({time_of(row, "started_at"), "warning",
                                fmt::format("A/B test “{}” is paused: {}", text_of(row, "name"), why),
                                "abtest", text_of(row, "test_id")});
    const Json* plan = row.find("plan");
    const Json* variants = plan != nullptr ? plan->find("variants") : nullptr;
    if (variants == nullptr || variants->as_array() == nullptr) continue;
    for (const Json& variant : *variants->as_array())
      if (const std::string model = text_of(variant, "model_id"); !model.empty())
        into.tests.try_emplace(model, text_of(row, "test_id"));
  }
  into.tests_with_result = share(shown, started);
}

}  // namespace

RolloutNews read_rollouts(const Answers& answers, Timestamp now) {
  RolloutNews news;
  read_deployments(answers, now, news);
  read_tests(answers, news);
  return news;
}

}  // namespace tracseq::api
