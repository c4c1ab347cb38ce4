// SPDX-License-Identifier: MIT
// The reconciler's step: reads every window on one snapshot, decides, then takes each transition by itself.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/id.h"
#include "domain/monitoring/alert_rows.h"
#include "domain/monitoring/alerts.h"
#include "domain/monitoring/names.h"
#include "domain/monitoring/series.h"
#include "domain/monitoring/thresholds.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr std::int64_t kShownValuesMax = 20;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;

constexpr sql::Statement kNewestValues{
    "alerts.newest_values",
    "SELECT time_us, value_bits FROM monitoring_values WHERE series_id = ? AND time_us >= ? AND time_us < ? "
    "ORDER BY time_us DESC, value_id DESC LIMIT ?"};
constexpr sql::Statement kFirstStretch{
    "alerts.first_stretch",
    "SELECT min(start_us) FROM monitoring_rollups WHERE series_id = ? AND width_s = ?"};

// What a threshold found in its window for one model.
struct Reading {
  double value = 0;
  std::int64_t samples = 0;
  bool enough = false;
};

bool crossed(Operator op, double value, double bound) {
  switch (op) {
    case Operator::gt:
      return value > bound;
    case Operator::lt:
      return value < bound;
    case Operator::eq:
      return value == bound;
    case Operator::ge:
      return value >= bound;
    case Operator::le:
      return value <= bound;
  }
  return false;
}

std::string_view words(Operator op) {
  switch (op) {
    case Operator::gt:
      return "above";
    case Operator::lt:
      return "below";
    case Operator::eq:
      return "equal to";
    case Operator::ge:
      return "at or above";
    case Operator::le:
      return "at or below";
  }
  return "at";
}

// The worse of the bounds that the value crosses.
std::optional<std::pair<Severity, double>> breach(const Threshold& threshold, double value) {
  if (threshold.critical_threshold && crossed(threshold.operator_, value, *threshold.critical_threshold))
    return std::pair{Severity::critical, *threshold.critical_threshold};
  if (threshold.warning_threshold && crossed(threshold.operator_, value, *threshold.warning_threshold))
    return std::pair{Severity::warning, *threshold.warning_threshold};
  return std::nullopt;
}

struct Transition {
  enum class Kind { raise, change, resolve };
  Kind kind;
  std::string project_id;
  Alert alert;
};

// Decides on one snapshot.
class Evaluation {
 public:
  Evaluation(sql::Session& session, Timestamp now, std::chrono::minutes cooldown)
      : session_(session), now_(now), cooldown_(cooldown) {}

  [[nodiscard]] std::int64_t watched() const { return watched_; }
  Result<std::vector<Transition>> run() {
    TRACSEQ_TRY(auto open, open_alerts(session_));
    watched_ = static_cast<std::int64_t>(open.size());
    for (OpenAlert& one : open) open_[{one.alert.threshold_id, one.alert.model_id}] = std::move(one);
    TRACSEQ_TRY(const auto thresholds, enabled_thresholds(session_));
    for (const StoredThreshold& one : thresholds) TRACSEQ_CHECK(look_at(one));
    // What is open and was not looked at has lost its threshold, or its values.
    for (auto& [key, one] : open_) close(one);
    return std::move(transitions_);
  }

 private:
  using Key = std::pair<std::string, std::string>;  // threshold, model

  Result<void> look_at(const StoredThreshold& stored) {
    const Threshold& threshold = stored.threshold;
    TRACSEQ_TRY(auto series,
                find_series(session_, stored.project_id, threshold.model_id, threshold.metric_name));
    const bool derived = series.empty() && threshold.metric_name == kThroughput;
    if (derived) {
      TRACSEQ_TRY(series, find_series(session_, stored.project_id, threshold.model_id, kLatency));
    }
    std::map<std::string, std::vector<StoredSeries>> by_model;
    for (StoredSeries& one : series) by_model[one.model_id].push_back(one);
    for (const auto& [model_id, of_model] : by_model) {
      TRACSEQ_TRY(const Reading reading, read(threshold, of_model, derived));
      TRACSEQ_CHECK(decide(stored, model_id, of_model, reading));
    }
    return {};
  }

  [[nodiscard]] std::int64_t window_start(const Threshold& threshold) const {
    return now_.us - threshold.evaluation_window_minutes * kMinuteUs;
  }

  Result<Reading> read(const Threshold& threshold, const std::vector<StoredSeries>& series, bool derived) {
    const std::int64_t start = window_start(threshold);
    TRACSEQ_TRY(const Rollup window, window_of(session_, series, start, now_.us, Quantiles::without));
    Reading reading;
    reading.samples = window.count;
    if (!derived) {
      reading.value = window.mean().value_or(0);
      reading.enough = window.count >= threshold.minimum_samples;
      return reading;
    }
    // No predictions are a reading too, once there has been a whole window to have some in.
    reading.value = static_cast<double>(window.all()) / window_seconds(start, now_.us);
    for (const StoredSeries& one : series) {
      TRACSEQ_TRY(const bool began, began_before(one.series_id, start));
      reading.enough |= began;
    }
    reading.samples = std::max<std::int64_t>(reading.samples, 1);
    return reading;
  }

  // Whether the series had values when the window began.
  Result<bool> began_before(std::int64_t series_id, std::int64_t start_us) {
    bool before = false;
    for (const std::int64_t width : kWidths) {
      // A coarse stretch may have begun long before the first value in it.
      const std::int64_t slack_us = width == kFineSeconds ? 0 : width * kSecondUs;
      TRACSEQ_CHECK(
          session_.query(kFirstStretch, args(series_id, width), [&](const sql::Row& row) -> Result<void> {
            before |= !row.is_null(0) && row.integer(0) + slack_us <= start_us;
            return {};
          }));
    }
    return before;
  }

  Result<void> decide(const StoredThreshold& stored, const std::string& model_id,
                      const std::vector<StoredSeries>& series, const Reading& reading) {
    const Threshold& threshold = stored.threshold;
    if (reading.samples > 0) ++watched_;
    const auto open = open_.find({threshold.threshold_id, model_id});
    if (!reading.enough) {
      // Too few to tell: an open alert stays, unless nothing at all is left.
      if (open != open_.end() && reading.samples > 0) open_.erase(open);
      return {};
    }
    const auto bad = breach(threshold, reading.value);
    if (open == open_.end()) return bad ? raise(stored, model_id, series, reading, *bad) : Result<void>{};
    if (!bad) return {};  // stays among those that are closed
    OpenAlert kept = std::move(open->second);
    open_.erase(open);
    if (bad->first > kept.alert.severity) {
      TRACSEQ_CHECK(describe(kept.alert, threshold, series, reading, *bad));
      transitions_.push_back({Transition::Kind::change, kept.project_id, std::move(kept.alert)});
    }
    return {};
  }

  Result<void> raise(const StoredThreshold& stored, const std::string& model_id,
                     const std::vector<StoredSeries>& series, const Reading& reading,
                     const std::pair<Severity, double>& bad) {
    TRACSEQ_TRY(const auto last, last_raised(session_, stored.threshold.threshold_id, model_id));
    if (last && now_ - *last < cooldown_) return {};
    Alert alert;
    alert.alert_id = new_id();
    alert.threshold_id = stored.threshold.threshold_id;
    alert.model_id = model_id;
    alert.metric_name = stored.threshold.metric_name;
    alert.evaluation_window = stored.threshold.evaluation_window_minutes;
    alert.created_at = now_;
    TRACSEQ_CHECK(describe(alert, stored.threshold, series, reading, bad));
    transitions_.push_back({Transition::Kind::raise, stored.project_id, std::move(alert)});
    return {};
  }

  Result<void> describe(Alert& alert, const Threshold& threshold, const std::vector<StoredSeries>& series,
                        const Reading& reading, const std::pair<Severity, double>& bad) {
    alert.severity = bad.first;
    alert.threshold_value = bad.second;
    alert.current_value = reading.value;
    alert.message =
        fmt::format("{} of {} is {:.6g}, {} the {} threshold {:.6g} (mean of {} values in {} min)",
                    alert.metric_name, alert.model_id, reading.value, words(threshold.operator_),
                    enum_name(bad.first), bad.second, reading.samples, threshold.evaluation_window_minutes);
    std::vector<std::pair<std::int64_t, double>> values;
    for (const StoredSeries& one : series)
      TRACSEQ_CHECK(session_.query(kNewestValues,
                                   args(one.series_id, window_start(threshold), now_, kShownValuesMax),
                                   [&](const sql::Row& row) -> Result<void> {
                                     values.emplace_back(row.integer(0), sql::bits_double(row.integer(1)));
                                     return {};
                                   }));
    std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    if (values.size() > kShownValuesMax) values.resize(kShownValuesMax);
    alert.triggered_by_values.clear();
    for (const auto& [time, value] : values) alert.triggered_by_values.push_back(value);
    return {};
  }

  void close(OpenAlert& open) {
    open.alert.is_resolved = true;
    open.alert.resolved_at = now_;
    transitions_.push_back({Transition::Kind::resolve, open.project_id, std::move(open.alert)});
  }

  sql::Session& session_;
  const Timestamp now_;
  const std::chrono::minutes cooldown_;
  std::map<Key, OpenAlert> open_;
  std::vector<Transition> transitions_;
  std::int64_t watched_ = 0;
};

struct Taken {
  bool taken = false;  // false: somebody else was faster
};
TRACSEQ_DESCRIBE(Taken, (taken))
TRACSEQ_DEFINE_TYPE(Taken)

}  // namespace

Result<Alerts::Evaluated> Alerts::evaluate(Timestamp now, std::chrono::minutes cooldown,
                                           const sql::Lease* lease) {
  Evaluated evaluated;
  TRACSEQ_TRY(std::vector<Transition> transitions, database_.read([&](sql::Session& session) {
    Evaluation evaluation(session, now, cooldown);
    auto decided = evaluation.run();
    evaluated.watched = evaluation.watched();
    return decided;
  }));
  for (Transition& transition : transitions) {
    Alert& alert = transition.alert;
    using Kind = Transition::Kind;
    static constexpr std::array kVerbs{"raise", "escalate", "resolve"};
    static constexpr std::array kEvents{"raised", "escalated", "resolved"};
    const auto kind = static_cast<std::size_t>(transition.kind);
    CallContext ctx;
    ctx.project_id = transition.project_id;
    TRACSEQ_TRY(const Taken step,
                ledger_
                    .change<Taken>(ctx, {fmt::format("alert.{}", kVerbs.at(kind)), "alert", alert.alert_id},
                                   [&](sql::Transaction& tx, audit::Record& record) -> Result<Taken> {
                                     if (lease != nullptr) TRACSEQ_CHECK(sql::Leases::check(tx, *lease));
                                     Result<bool> done = false;
                                     if (transition.kind == Kind::raise)
                                       done = insert_alert(tx, ctx.project_id, alert);
                                     if (transition.kind == Kind::change) done = update_alert(tx, alert);
                                     if (transition.kind == Kind::resolve)
                                       done = close_alert(tx, alert.alert_id, *alert.resolved_at);
                                     if (!done) return fail(std::move(done).error());
                                     if (!*done)
                                       return fail(Code::precondition_failed, "somebody else was faster");
                                     record.after = to_document(alert);
                                     record.publish("alerts", kEvents.at(kind), to_document(alert));
                                     return Taken{true};
                                   })
                    .or_else([](Error error) -> Result<Taken> {
                      if (error.code == Code::precondition_failed) return Taken{false};
                      return fail(std::move(error));
                    }));
    if (!step.taken) continue;
    if (transition.kind == Kind::change) continue;
    (transition.kind == Kind::raise ? evaluated.raised : evaluated.resolved).push_back(std::move(alert));
  }
  return evaluated;
}

}  // namespace tracseq::monitoring
