// SPDX-License-Identifier: MIT
#include "api/overview_routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "api/answers.h"
#include "api/overview_rollouts.h"

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(Tile, {.name = "series", .text = "the last 24 hours or the last entries, oldest first"})
TRACSEQ_DEFINE_TYPE(Attention)
TRACSEQ_DEFINE_TYPE(InProduction)
TRACSEQ_DEFINE_TYPE(Activity)
TRACSEQ_DEFINE_TYPE(Overview)

namespace {

constexpr std::chrono::hours kDay{24};
constexpr std::int64_t kHourSeconds = 3600;
constexpr std::size_t kHoursShown = 24;
constexpr std::size_t kProductionShownMax = 10;
constexpr std::size_t kAttentionShownMax = 12;
constexpr std::size_t kActivityShownMax = 12;
constexpr const char* kReportsRead = "24";
constexpr const char* kRunsRead = "200";
constexpr const char* kPipelineRunsRead = "100";

using Series = std::vector<std::optional<double>>;

// The hours of the last day, oldest first: field -> value of the bucket, nothing where there was none.
class Hours {
 public:
  Hours(const Answers& answers, const std::string& model_id, const std::string& metric, Timestamp now)
      : first_(now.us / kHourUs - static_cast<std::int64_t>(kHoursShown) + 1) {
    if (model_id.empty()) return;
    buckets_ = answers.list("/api/v1/monitoring/series", {{"model_id", model_id},
                                                          {"name", metric},
                                                          {"start", format_rfc3339({first_ * kHourUs})},
                                                          {"end", format_rfc3339(now)},
                                                          {"bucket_seconds", std::to_string(kHourSeconds)}});
  }

  [[nodiscard]] Series of(std::string_view field) const {
    if (buckets_.empty()) return {};
    Series series(kHoursShown);
    for (const Json& bucket : buckets_) {
      const auto time = time_of(bucket, "time");
      const std::int64_t at = time ? time->us / kHourUs - first_ : -1;
      if (at >= 0 && at < std::ssize(series)) series[static_cast<std::size_t>(at)] = number_of(bucket, field);
    }
    return series;
  }
  [[nodiscard]] std::optional<double> last(std::string_view field) const {
    return buckets_.empty() ? std::nullopt : number_of(buckets_.back(), field);
  }

 private:
  static constexpr std::int64_t kHourUs = kHourSeconds * 1'000'000;
  std::int64_t first_;
  Json::Array buckets_;
};

Tile tile(std::string key, std::string label, std::optional<double> value, std::string unit,
          Series series = {}) {
  return {std::move(key), std::move(label), value, std::move(unit), std::nullopt, {}, std::move(series)};
}

// The tile with what changed since the entry before the last of its series.
Tile with_delta(Tile made, std::string against) {
  std::optional<double> former;
  for (std::size_t i = made.series.size(); i-- > 1 && !former;)
    if (made.series[i]) former = made.series[i - 1];
  if (made.value && former) {
    made.delta = *made.value - *former;
    made.delta_against = std::move(against);
  }
  return made;
}

std::optional<double> share(double part, double whole) {
  return whole > 0 ? std::optional<double>(part / whole) : std::nullopt;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A score of the Python record that was not given is zero.
std::optional<double> score_of(const Json& version, std::string_view key) {
  const auto score = number_of(version, key);
  return score && *score != 0 ? score : std::nullopt;
}

// What several parts of the overview are made from, read once.
struct Sources {
  const Answers& answers;
  Timestamp now;
  Json::Array versions;   // in production, newest first
  Json::Array health;     // of watched models
  std::string model_id;   // the busiest watched model
  Json::Array alerts;     // open
  Json::Array reports;    // of data quality, newest first
  Json::Array pipelines;  // newest first
  Json::Array runs;       // newest first
  RolloutNews rollouts;

  [[nodiscard]] const Json* health_of(const std::string& model) const {
    const auto found = std::find_if(health.begin(), health.end(),
                                    [&](const Json& row) { return text_of(row, "model_id") == model; });
    return found == health.end() ? nullptr : &*found;
  }
  [[nodiscard]] double health_sum(std::string_view key) const {
    double sum = 0;
    for (const Json& row : health) sum += number_of(row, key).value_or(0);
    return sum;
  }
};

Sources read_sources(const Answers& answers) {
  Sources from{answers, now(), {}, {}, {}, {}, {}, {}, {}, {}};
  from.versions = answers.list("/api/v1/model-versions",
                               {{"status", "production"}, {"limit", std::to_string(kProductionShownMax)}});
  from.health = answers.list("/api/v1/monitoring/models");
  from.alerts = answers.list("/api/v1/alerts", {{"is_resolved", "false"}, {"limit", "100"}});
  from.reports = answers.list("/api/v1/quality-reports", {{"limit", kReportsRead}});
  std::erase_if(from.reports, [](const Json& row) { return text_of(row, "status") == "pending"; });
  from.pipelines = answers.list("/api/v1/pipeline-runs", {{"limit", kPipelineRunsRead}});
  from.runs = answers.list("/api/v1/runs", {{"limit", kRunsRead}});
  from.rollouts = read_rollouts(answers, from.now);
  double most = -1;
  for (const Json& row : from.health) {
    const double count = number_of(row, "predictions_last_hour").value_or(0);
    if (count > most) from.model_id = text_of(row, "model_id");
    most = std::max(most, count);
  }
  return from;
}

std::vector<Tile> model_performance(const Sources& from) {
  std::vector<Tile> tiles;
  const Json* champion = from.versions.empty() ? nullptr : &from.versions.front();
  const auto score = [&](const char* key, const char* label) {
    const auto value = champion != nullptr ? score_of(*champion, key) : std::nullopt;
    tiles.push_back(
        tile(key, champion != nullptr ? fmt::format("{}, {}", label, text_of(*champion, "model_id")) : label,
             value, "ratio"));
  };
  score("accuracy", "Accuracy");
  score("precision", "Precision");
  score("recall", "Recall");
  score("f1_score", "F1");
  const Hours confidence(from.answers, from.model_id, "confidence_score", from.now);
  tiles.push_back(with_delta(
      tile("confidence_score", "Confidence, this hour", confidence.last("mean"), "", confidence.of("mean")),
      "the hour before"));
  const Hours errors(from.answers, from.model_id, "prediction_error", from.now);
  const double predictions = from.health_sum("predictions_last_hour");
  double failed = 0;
  for (const Json& row : from.health)
    failed += number_of(row, "error_rate_last_hour").value_or(0) *
              number_of(row, "predictions_last_hour").value_or(0);
  tiles.push_back(
      tile("error_rate", "Errors, last hour", share(failed, predictions), "ratio", errors.of("mean")));
  return tiles;
}

// Predictions per second of all watched models; nothing where none of them has predictions.
std::optional<double> throughput(const Json::Array& health) {
  std::optional<double> sum;
  for (const Json& row : health) {
    const Json* current = row.find("current_metrics");
    const auto rate = current != nullptr ? number_of(*current, "throughput") : std::nullopt;
    if (rate) sum = sum.value_or(0) + *rate;
  }
  return sum;
}

std::vector<Tile> system_tiles(const Sources& from) {
  const Hours latency(from.answers, from.model_id, "prediction_latency", from.now);
  const Hours memory(from.answers, from.model_id, "memory_usage_mb", from.now);
  const Hours cpu(from.answers, from.model_id, "cpu_usage_percent", from.now);
  const auto predictions =
      from.health.empty() ? std::nullopt : std::optional<double>(from.health_sum("predictions_last_hour"));
  // No sum over models: one process that serves several reports its usage for each of them. Zero stands for
  // what nobody measured.
  const Json* busiest = from.health_of(from.model_id);
  const auto used = [&](const char* key) {
    const auto usage = busiest != nullptr ? number_of(*busiest, key) : std::nullopt;
    return usage && *usage > 0 ? usage : std::nullopt;
  };
  return {
      with_delta(tile("latency_p95", "Latency p95, this hour", latency.last("p95"), "ms", latency.of("p95")),
                 "the hour before"),
      tile("throughput", "Throughput, last 5 min", throughput(from.health), "1/s", latency.of("per_second")),
      tile("predictions", "Predictions, last hour", predictions, "count", latency.of("count")),
      tile("memory", "Memory per process", used("memory_usage_mb"), "MB", memory.of("mean")),
      tile("cpu", "CPU per process", used("cpu_usage_percent"), "%", cpu.of("mean")),
  };
}

std::vector<Tile> data_quality(const Sources& from) {
  Series scores, missing, duplicates, mismatched;
  for (auto row = from.reports.rbegin(); row != from.reports.rend(); ++row) {
    if (text_of(*row, "status") == "failed") continue;
    scores.push_back(number_of(*row, "quality_score"));
    const auto percent = number_of(*row, "missing_value_percentage");
    missing.push_back(percent ? std::optional<double>(*percent / 100) : std::nullopt);
    duplicates.push_back(number_of(*row, "duplicate_rows"));
    double broken = 0;
    const Json* issues = row->find("issues");
    if (issues != nullptr && issues->as_array() != nullptr)
      for (const Json& issue : *issues->as_array())
        if (text_of(issue, "type") == "schema_mismatch") broken += number_of(issue, "count").value_or(1);
    mismatched.push_back(broken);
  }
  const auto made = [](const char* key, const char* label, const char* unit, Series series) {
    const auto value = series.empty() ? std::nullopt : series.back();
    return with_delta(tile(key, label, value, unit, std::move(series)), "the report before");
  };
  return {made("quality_score", "Quality score, newest report", "", std::move(scores)),
          made("missing", "Missing cells", "ratio", std::move(missing)),
          made("mismatched", "Schema failures", "count", std::move(mismatched)),
          made("duplicates", "Duplicate rows", "count", std::move(duplicates))};
}

// Rows of the last day, and those of them that failed.
struct Today {
  double all = 0;
  double ended = 0;
  double failed = 0;
};
Today today(const Json::Array& rows, Timestamp now) {
  Today counts;
  for (const Json& row : rows) {
    const auto time = time_of(row, "created_at");
    if (!time || *time < now - kDay) continue;
    const std::string status = text_of(row, "status");
    counts.all += 1;
    counts.ended += status == "completed" || status == "failed" ? 1 : 0;
    counts.failed += status == "failed" ? 1 : 0;
  }
  return counts;
}

std::vector<Tile> operations(const Sources& from) {
  std::vector<double> seconds;
  Series spans;
  for (auto row = from.runs.rbegin(); row != from.runs.rend(); ++row) {
    const auto start = time_of(*row, "started_at");
    const auto end = time_of(*row, "completed_at");
    if (!start || !end || text_of(*row, "status") != "completed") continue;
    seconds.push_back(static_cast<double>((*end - *start).count()) / 1e6);
    spans.emplace_back(seconds.back());
  }
  if (spans.size() > kHoursShown) spans.erase(spans.begin(), spans.end() - kHoursShown);
  const Today trained = today(from.runs, from.now);
  const Today piped = today(from.pipelines, from.now);
  return {
      tile("runs", "Runs, last 24 hours", trained.all, "count"),
      tile("training_time", "Median training time", median(std::move(seconds)), "s", std::move(spans)),
      tile("pipelines_completed", "Pipeline runs succeeded", share(piped.ended - piped.failed, piped.ended),
           "ratio"),
      tile("deployments_completed", "Deployments succeeded", from.rollouts.deployments_succeeded, "ratio"),
      tile("abtests_significant", "A/B tests with a clear result", from.rollouts.tests_with_result, "ratio"),
      tile("alerts", "Open alerts", static_cast<double>(from.alerts.size()), "count")};
}

std::vector<Attention> attention(const Sources& from) {
  std::vector<Attention> found = from.rollouts.attention;
  for (const Json& alert : from.alerts)
    found.push_back({time_of(alert, "created_at"), text_of(alert, "severity"), text_of(alert, "message"),
                     "alert", text_of(alert, "alert_id")});
  const auto failures = [&](const Json::Array& rows, const char* type, const char* name_key,
                            const char* what) {
    for (const Json& row : rows) {
      const auto time = time_of(row, "completed_at");
      if (text_of(row, "status") != "failed" || !time || *time < from.now - kDay) continue;
      const std::string error = text_of(row, "error_message");
      found.push_back(
          {time, "warning",
           fmt::format("{} “{}” failed{}{}", what, text_of(row, name_key), error.empty() ? "" : ": ", error),
           type, text_of(row, "run_id")});
    }
  };
  failures(from.runs, "run", "name", "Run");
  failures(from.pipelines, "pipeline_run", "pipeline_id", "Pipeline run");
  std::stable_sort(found.begin(), found.end(),
                   [](const Attention& a, const Attention& b) { return a.time > b.time; });
  if (found.size() > kAttentionShownMax) found.resize(kAttentionShownMax);
  return found;
}

std::vector<InProduction> production(const Sources& from) {
  std::vector<InProduction> shown;
  for (const Json& version : from.versions) {
    InProduction row;
    row.model_id = text_of(version, "model_id");
    row.name = text_of(version, "name");
    row.version = text_of(version, "version");
    for (const Json& move :
         from.answers.list(fmt::format("/api/v1/models/{}/transitions", row.model_id), {{"limit", "50"}})) {
      if (row.since || text_of(move, "version") != row.version || text_of(move, "to_status") != "production")
        continue;
      row.since = time_of(move, "time");
    }
    if (const auto test = from.rollouts.tests.find(row.model_id); test != from.rollouts.tests.end())
      row.test_id = test->second;
    if (const Json* health = from.health_of(row.model_id)) {
      row.predictions_per_hour = number_of(*health, "predictions_last_hour");
      row.error_rate = number_of(*health, "error_rate_last_hour");
      row.health = text_of(*health, "overall_health");
      row.p95_ms = Hours(from.answers, row.model_id, "prediction_latency", from.now).last("p95");
    }
    shown.push_back(std::move(row));
  }
  return shown;
}

std::vector<Activity> activity(const Answers& answers) {
  std::vector<Activity> shown;
  for (const Json& entry : answers.list("/api/v1/audit", {{"changes_only", "true"}, {"limit", "100"}})) {
    if (shown.size() == kActivityShownMax) break;
    // Appended data (points, predictions) and work the program gives itself are no news.
    if (text_of(entry, "action").ends_with(".append") || text_of(entry, "actor").starts_with("system"))
      continue;
    shown.push_back({text_of(entry, "entry_id"), time_of(entry, "time"), text_of(entry, "action"),
                     text_of(entry, "object_type"), text_of(entry, "object_id"), text_of(entry, "actor"),
                     text_of(entry, "reason")});
  }
  return shown;
}

}  // namespace

Route overview_route(const Router& router) {
  return route(
      Method::get, "/api/v1/overview", "session:read", Effect::reads,
      "What the dashboard's first page shows: key numbers, what needs attention, what is in production",
      [&router](const CallContext& ctx, const Empty&) -> Result<Overview> {
        const Answers answers(router, ctx);
        const Sources from = read_sources(answers);
        TRACSEQ_CHECK(ctx.check());
        return Overview{model_performance(from), system_tiles(from), data_quality(from), operations(from),
                        attention(from),         production(from),   activity(answers)};
      });
}

}  // namespace tracseq::api
