// SPDX-License-Identifier: MIT
#include "api/inference/usage_reporter.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "api/inference/remote_registry.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

namespace tracseq::inference {
namespace {

std::int64_t cpu_us() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto us = [](const timeval& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

Json metric(const std::string& model, const std::string& version, std::string_view name, double value) {
  Json out = Json::object();
  out.set("model_id", model);
  out.set("model_version", version);
  out.set("metric_name", name);
  out.set("value", value);
  return out;
}

std::string body_of(Json metrics) {
  return metrics.as_array()->empty() ? std::string()
                                     : dump_json(Json::object().set("metrics", std::move(metrics)));
}

}  // namespace

ProcessUsage::Sample ProcessUsage::sample() {
  const std::int64_t cpu = cpu_us();
  const auto time = Steady::now();
  Sample sample{0, resident_mb()};
  const auto wall = std::chrono::duration_cast<std::chrono::microseconds>(time - at_).count();
  if (cpu_us_ >= 0 && wall > 0)
    sample.cpu_percent = 100.0 * static_cast<double>(cpu - cpu_us_) / static_cast<double>(wall);
  cpu_us_ = cpu;
  at_ = time;
  return sample;
}

void UsageReporter::start() {
  usage_.sample();
  thread_ = std::thread([this] { run(); });
}

void UsageReporter::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void UsageReporter::run() {
  bool failed = false;
  next_ = Steady::now() + interval_;
  for (;;) {
    {
      Lock lock(mutex_);
      if (!stopping_) wake_.wait_for(lock, std::min(interval_, look_));
      if (stopping_) return;
    }
    const auto reported = report_due();
    if (!reported && !failed) log::warning("usage_not_reported", {{"reason", reported.error().message}});
    failed = !reported;
  }
}

bool UsageReporter::usage_due(const std::vector<serving::ModelReport>& models) const {
  if (Steady::now() >= next_) return true;
  return std::any_of(models.begin(), models.end(), [&](const serving::ModelReport& model) {
    return !model.serving_version.empty() && !reported_.contains(model.name);
  });
}

Result<void> UsageReporter::report() {
  next_ = Steady::now();
  return report_due();
}

// The two are due apart: drops that cannot be delivered are tried at every look, usage is not.
Result<void> UsageReporter::report_due() {
  const auto models = table_.reports();
  Result<void> usage;
  if (usage_due(models)) {
    next_ = Steady::now() + interval_;
    usage = report_usage(models);
  }
  const auto drops = report_drops(models);
  return usage ? drops : usage;
}

Result<void> UsageReporter::report_usage(const std::vector<serving::ModelReport>& models) {
  const ProcessUsage::Sample used = usage_.sample();
  Json metrics = Json::array();
  std::set<std::string> reported;
  for (const serving::ModelReport& model : models) {
    if (model.serving_version.empty()) continue;
    reported.insert(model.name);
    metrics.push_back(metric(model.name, model.serving_version, "cpu_usage_percent", used.cpu_percent));
    metrics.push_back(metric(model.name, model.serving_version, "memory_usage_mb", used.memory_mb));
  }
  const std::string body = body_of(std::move(metrics));
  if (!body.empty()) TRACSEQ_CHECK(send(body, new_id()));
  reported_ = std::move(reported);
  return {};
}

Result<void> UsageReporter::report_drops(const std::vector<serving::ModelReport>& models) {
  if (drops_.body.empty()) drops_ = next_drops(models);
  if (drops_.body.empty()) return {};
  auto sent = send(drops_.body, drops_.key);
  // One that is refused as it stands would be refused for ever.
  if (!sent && sent.error().code != Code::invalid) return sent;
  reported_drops_ = std::move(drops_.reported);
  drops_ = {};
  return sent;
}

UsageReporter::Drops UsageReporter::next_drops(const std::vector<serving::ModelReport>& models) const {
  Drops next{new_id(), {}, reported_drops_};
  Counts fresh;
  for (const auto& [model, total] : recording_.dropped_by_model()) {
    const std::string& name = model.empty() && !models.empty() ? models.front().name : model;
    std::uint64_t& reported = next.reported[model];
    if (name.empty() || total == reported) continue;
    fresh[name] += total - reported;
    reported = total;
  }
  Json metrics = Json::array();
  for (const auto& [name, count] : fresh) {
    const auto found = std::find_if(models.begin(), models.end(),
                                    [&](const serving::ModelReport& model) { return model.name == name; });
    metrics.push_back(metric(name, found == models.end() ? std::string() : found->serving_version,
                             "predictions_dropped", static_cast<double>(count)));
  }
  next.body = body_of(std::move(metrics));
  return next;
}

Result<void> UsageReporter::send(const std::string& body, const std::string& key) {
  TRACSEQ_TRY(api::Request request, api::make_request(api::Method::post, "/api/v1/monitoring/metrics", body));
  request.headers["content-type"] = "application/json";
  request.headers["idempotency-key"] = key;
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kUsageTimeout));
  if (response.status < 200 || response.status >= 300) return fail(error_of(response));
  return {};
}

}  // namespace tracseq::inference
