// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"

// The words of monitoring: what models in use answered, how they do, and when that is bad.
namespace tracseq::monitoring {

inline constexpr std::size_t kPredictionsPerCallMax = 5'000;
inline constexpr std::size_t kValuesPerCallMax = 50'000;
inline constexpr std::size_t kNameBytesMax = 250;
inline constexpr std::size_t kTextBytesMax = 4'000;
inline constexpr std::size_t kPredictionBytesMax = 1UL
                                                   << 20;  // inputs and outputs of one prediction, as JSON
inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::size_t kBucketsMax = 2'000;

enum class MetricType { accuracy, latency, throughput, error_rate, memory_usage, cpu_usage, custom };
TRACSEQ_DESCRIBE_ENUM(MetricType, accuracy, latency, throughput, error_rate, memory_usage, cpu_usage, custom)
enum class Severity { info, warning, critical };
TRACSEQ_DESCRIBE_ENUM(Severity, info, warning, critical)
enum class Operator { gt, lt, eq, ge, le };
TRACSEQ_DESCRIBE_ENUM(Operator, gt, lt, eq, ge, le)
enum class Health { healthy, degraded, unhealthy };
TRACSEQ_DESCRIBE_ENUM(Health, healthy, degraded, unhealthy)

// One answered or failed request of a model.
struct Prediction {
  std::string prediction_id;  // given by the log
  std::string request_id;
  std::string model_id;
  std::string model_version;
  std::optional<Timestamp> time;  // absent when recorded: now
  double latency_ms = 0;
  bool success = true;
  std::optional<std::string> error;
  std::optional<double> confidence_score;
  std::optional<std::string> user_id;
  std::map<std::string, std::string> tags;
  Json inputs;
  Json outputs;
};
TRACSEQ_DESCRIBE(Prediction, (prediction_id, request_id, model_id, model_version, time, latency_ms, success,
                              error, confidence_score, user_id, tags, inputs, outputs))

struct RecordPredictions {
  std::vector<Prediction> predictions;
};
TRACSEQ_DESCRIBE(RecordPredictions, (predictions))

struct Recorded {
  std::int64_t recorded = 0;
};
TRACSEQ_DESCRIBE(Recorded, (recorded))

struct ListPredictions {
  std::string model_id{};
  std::string model_version{};
  std::string request_id{};
  std::optional<bool> success{};
  std::optional<Timestamp> start{};  // inclusive
  std::optional<Timestamp> end{};    // exclusive
  std::int64_t limit = 100;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListPredictions,
                 (model_id, model_version, request_id, success, start, end, limit, page_token))

struct PredictionPage {
  std::vector<Prediction> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(PredictionPage, (items, next_page_token))

// One value of a metric of a model.
struct MetricValue {
  std::string metric_id;  // empty when recorded: given
  std::string model_id;
  std::string model_version;
  std::string metric_name;
  std::optional<MetricType> metric_type;  // absent: follows from the name
  double value = 0;
  std::map<std::string, std::string> tags;
  std::optional<std::string> request_id;
  std::optional<std::string> user_id;
  std::optional<Timestamp> timestamp;  // absent when recorded: now
};
TRACSEQ_DESCRIBE(MetricValue, (metric_id, model_id, model_version, metric_name, metric_type, value, tags,
                               request_id, user_id, timestamp))

struct RecordMetrics {
  std::vector<MetricValue> metrics;
};
TRACSEQ_DESCRIBE(RecordMetrics, (metrics))

struct ListMetrics {
  std::string model_id{};
  std::string metric_name{};  // empty: all
  std::optional<Timestamp> start{};
  std::optional<Timestamp> end{};
  std::int64_t limit = 1000;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListMetrics, (model_id, metric_name, start, end, limit, page_token))

struct MetricPage {
  std::vector<MetricValue> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(MetricPage, (items, next_page_token))

struct ListMetricNames {
  std::string model_id{};
  std::optional<Timestamp> start{};  // only metrics with a value at or after it
  std::int64_t limit = 1000;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListMetricNames, (model_id, start, limit, page_token))

// A metric of a model and what is kept of it, over all versions of the model.
struct MetricSummary {
  std::string metric_name;
  MetricType metric_type = MetricType::custom;
  std::int64_t count = 0;
  Timestamp first_time;
  Timestamp last_time;
  bool derived = false;  // recorded by nobody: throughput, from the predictions
};
TRACSEQ_DESCRIBE(MetricSummary, (metric_name, metric_type, count, first_time, last_time, derived))

struct MetricSummaryPage {
  std::vector<MetricSummary> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(MetricSummaryPage, (items, next_page_token))

struct GetBuckets {
  std::string model_id{};
  std::string name{};
  std::string model_version{};       // empty: all
  std::optional<Timestamp> start{};  // absent: an hour before the end
  std::optional<Timestamp> end{};    // absent: now
  std::int64_t bucket_seconds = 0;   // 0: about 120 buckets
};
TRACSEQ_DESCRIBE(GetBuckets, (model_id, name, model_version, start, end, bucket_seconds))

// The values of one stretch of time. Statistics are of the finite values; buckets without values are left
// out.
struct Bucket {
  Timestamp time;  // its start
  std::int64_t count = 0;
  double per_second = 0;
  std::optional<double> mean;
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> p50;  // to 1 %
  std::optional<double> p95;
  std::optional<double> p99;
};
TRACSEQ_DESCRIBE(Bucket, (time, count, per_second, mean, min, max, p50, p95, p99))

struct BucketList {
  std::int64_t bucket_seconds = 0;
  std::vector<Bucket> items;
};
TRACSEQ_DESCRIBE(BucketList, (bucket_seconds, items))

struct Threshold {
  std::string threshold_id;  // empty when created: given
  std::string model_id;      // empty: every model
  std::string metric_name;
  std::optional<MetricType> metric_type;
  std::optional<double> warning_threshold;
  std::optional<double> critical_threshold;
  Operator operator_ = Operator::gt;
  std::int64_t evaluation_window_minutes = 5;
  std::int64_t minimum_samples = 10;
  bool alert_enabled = true;
  std::vector<std::string> alert_channels;
  std::string description;
  std::optional<Timestamp> created_at;
};
TRACSEQ_DESCRIBE(Threshold, (threshold_id, model_id, metric_name, metric_type, warning_threshold,
                             critical_threshold, operator_, evaluation_window_minutes, minimum_samples,
                             alert_enabled, alert_channels, description, created_at))

struct UpdateThreshold {
  std::string threshold_id{};
  std::optional<double> warning_threshold{};
  std::optional<double> critical_threshold{};
  std::optional<Operator> operator_{};
  std::optional<std::int64_t> evaluation_window_minutes{};
  std::optional<std::int64_t> minimum_samples{};
  std::optional<bool> alert_enabled{};
  std::optional<std::vector<std::string>> alert_channels{};
  std::optional<std::string> description{};
};
TRACSEQ_DESCRIBE(UpdateThreshold,
                 (threshold_id, warning_threshold, critical_threshold, operator_, evaluation_window_minutes,
                  minimum_samples, alert_enabled, alert_channels, description))

struct ThresholdRef {
  std::string threshold_id;
};
TRACSEQ_DESCRIBE(ThresholdRef, (threshold_id))

struct ListThresholds {
  std::string model_id{};  // empty: all; else those of the model and of every model
  std::int64_t limit = 1000;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListThresholds, (model_id, limit, page_token))

struct ThresholdPage {
  std::vector<Threshold> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ThresholdPage, (items, next_page_token))

struct Alert {
  std::string alert_id;
  std::string threshold_id;
  std::string model_id;
  std::string metric_name;
  Severity severity = Severity::warning;
  std::string message;
  double current_value = 0;  // the window's mean when it was raised or last changed
  double threshold_value = 0;
  std::vector<double> triggered_by_values;  // the newest values of the window, newest first
  std::int64_t evaluation_window = 5;       // minutes
  bool is_resolved = false;
  bool acknowledged = false;
  std::optional<std::string> acknowledged_by;
  std::optional<Timestamp> acknowledged_at;
  Timestamp created_at;
  std::optional<Timestamp> resolved_at;
};
TRACSEQ_DESCRIBE(Alert, (alert_id, threshold_id, model_id, metric_name, severity, message, current_value,
                         threshold_value, triggered_by_values, evaluation_window, is_resolved, acknowledged,
                         acknowledged_by, acknowledged_at, created_at, resolved_at))

struct ListAlerts {
  std::string model_id{};
  std::string threshold_id{};
  std::optional<Severity> severity{};
  std::optional<bool> is_resolved{};  // absent: open and resolved ones
  std::int64_t limit = 100;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListAlerts, (model_id, threshold_id, severity, is_resolved, limit, page_token))

struct AlertPage {
  std::vector<Alert> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(AlertPage, (items, next_page_token))

struct AlertRef {
  std::string alert_id{};
  std::string reason{};
};
TRACSEQ_DESCRIBE(AlertRef, (alert_id, reason))

struct AcknowledgeAlert {
  std::string alert_id{};
  std::string acknowledged_by{};  // empty: the caller
  std::string reason{};
};
TRACSEQ_DESCRIBE(AcknowledgeAlert, (alert_id, acknowledged_by, reason))

struct ModelHealth {
  std::string model_id;
  std::string model_version;  // of the newest value
  Health overall_health = Health::healthy;
  double health_score = 1;                        // 0 to 1
  std::map<std::string, double> current_metrics;  // means of the last 5 minutes, else the last value
  std::vector<std::string> active_alerts;
  std::int64_t predictions_last_hour = 0;
  double average_latency_ms = 0;
  double error_rate_last_hour = 0;
  double memory_usage_mb = 0;
  double cpu_usage_percent = 0;
  std::optional<Timestamp> last_prediction;
  Timestamp last_updated;
};
TRACSEQ_DESCRIBE(ModelHealth, (model_id, model_version, overall_health, health_score, current_metrics,
                               active_alerts, predictions_last_hour, average_latency_ms, error_rate_last_hour,
                               memory_usage_mb, cpu_usage_percent, last_prediction, last_updated))

struct ModelRef {
  std::string model_id;
};
TRACSEQ_DESCRIBE(ModelRef, (model_id))

struct ListModels {
  std::int64_t limit = 1000;
};
TRACSEQ_DESCRIBE(ListModels, (limit))

struct ModelHealthList {
  std::vector<ModelHealth> items;
};
TRACSEQ_DESCRIBE(ModelHealthList, (items))

}  // namespace tracseq::monitoring
