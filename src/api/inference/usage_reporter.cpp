// SPDX-License-Identifier: MIT
#include "api/inference/usage_reporter.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "api/inference/remote_registry.h"
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
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

Json metric(const serving::ModelReport& model, std::string_view name, double value) {
  Json out = Json::object();
  out.set("model_id", model.name);
  out.set("model_version", model.serving_version);
  out.set("metric_name", name);
  out.set("value", value);
  return out;
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
    if (!due()) continue;
    next_ = Steady::now() + interval_;
    const auto reported = report();
    if (!reported && !failed) log::warning("usage_not_reported", {{"reason", reported.error().message}});
    failed = !reported;
  }
}

bool UsageReporter::due() const {
  if (Steady::now() >= next_) return true;
  const serving::RecordingStats stats = recording_.stats();
  if (stats.overflowed + stats.rejected > reported_drops_) return true;
  for (const serving::ModelReport& model : table_.reports())
    if (!model.serving_version.empty() && !reported_.contains(model.name)) return true;
  return false;
}

Result<void> UsageReporter::report() {
  const ProcessUsage::Sample used = usage_.sample();
  const serving::RecordingStats stats = recording_.stats();
  const std::uint64_t drops = stats.overflowed + stats.rejected;
  Json metrics = Json::array();
  std::set<std::string> models;
  for (const serving::ModelReport& model : table_.reports()) {
    if (model.serving_version.empty()) continue;
    models.insert(model.name);
    metrics.push_back(metric(model, "cpu_usage_percent", used.cpu_percent));
    metrics.push_back(metric(model, "memory_usage_mb", used.memory_mb));
    if (drops > reported_drops_)
      metrics.push_back(metric(model, "predictions_dropped", static_cast<double>(drops - reported_drops_)));
  }
  if (models.empty()) return {};
  Json body = Json::object();
  body.set("metrics", std::move(metrics));
  TRACSEQ_TRY(api::Request request,
              api::make_request(api::Method::post, "/api/v1/monitoring/metrics", dump_json(body)));
  request.headers["content-type"] = "application/json";
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kUsageTimeout));
  if (response.status < 200 || response.status >= 300) return fail(error_of(response));
  reported_drops_ = drops;
  reported_ = std::move(models);
  return {};
}

}  // namespace tracseq::inference
