// SPDX-License-Identifier: MIT
#include "domain/monitoring/types.h"

namespace tracseq::monitoring {

TRACSEQ_DEFINE_ENUM(MetricType)
TRACSEQ_DEFINE_ENUM(Severity)
TRACSEQ_DEFINE_ENUM(Operator)
TRACSEQ_DEFINE_ENUM(Health)

TRACSEQ_DEFINE_TYPE(Prediction, {.name = "prediction_id", .text = "Given by the log; ignored when recorded"},
                    {.name = "request_id", .length_max = kNameBytesMax},
                    {.name = "model_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "model_version", .length_max = kNameBytesMax},
                    {.name = "time", .text = "When it was answered; absent when recorded: now"},
                    {.name = "latency_ms", .min = 0, .max = 1e9},
                    {.name = "error", .length_max = kTextBytesMax},
                    {.name = "user_id", .length_max = kNameBytesMax},
                    {.name = "tags", .length_max = kTagsMax},
                    {.name = "inputs", .text = "What was asked; at most 1 MiB together with outputs"},
                    {.name = "outputs", .text = "What was answered"})
TRACSEQ_DEFINE_TYPE(RecordPredictions,
                    {.name = "predictions", .required = true, .length_max = kPredictionsPerCallMax})
TRACSEQ_DEFINE_TYPE(Recorded, {.name = "recorded", .text = "How many were taken"})
TRACSEQ_DEFINE_TYPE(ListPredictions, {.name = "start", .text = "Not before"},
                    {.name = "end", .text = "Before"}, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(PredictionPage)
TRACSEQ_DEFINE_TYPE(
    MetricValue, {.name = "metric_id", .text = "Empty: given", .length_max = kNameBytesMax},
    {.name = "model_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "model_version", .length_max = kNameBytesMax},
    {.name = "metric_name", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "metric_type", .text = "Absent: follows from the name, else custom"},
    {.name = "value", .text = "A double, or \"NaN\", \"Infinity\", \"-Infinity\"", .required = true},
    {.name = "tags", .length_max = kTagsMax}, {.name = "request_id", .length_max = kNameBytesMax},
    {.name = "user_id", .length_max = kNameBytesMax},
    {.name = "timestamp", .text = "Absent when recorded: now"})
TRACSEQ_DEFINE_TYPE(RecordMetrics, {.name = "metrics", .required = true, .length_max = kValuesPerCallMax})
TRACSEQ_DEFINE_TYPE(ListMetrics, {.name = "model_id", .required = true, .length_min = 1},
                    {.name = "metric_name",
                     .text = "Empty: all. accuracy and latency also stand for "
                             "prediction_accuracy and prediction_latency"},
                    {.name = "start", .text = "Not before"}, {.name = "end", .text = "Before"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(MetricPage)
TRACSEQ_DEFINE_TYPE(ListMetricNames, {.name = "model_id", .required = true},
                    {.name = "start", .text = "Only metrics with a value at or after it"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(MetricSummary, {.name = "count", .text = "Values that are kept, of all versions"},
                    {.name = "derived", .text = "Recorded by nobody: throughput, from the predictions"})
TRACSEQ_DEFINE_TYPE(MetricSummaryPage)
TRACSEQ_DEFINE_TYPE(GetBuckets, {.name = "model_id", .required = true, .length_min = 1},
                    {.name = "name",
                     .text = "The metric; throughput and error_rate are derived",
                     .required = true,
                     .length_min = 1},
                    {.name = "model_version", .text = "Empty: all"},
                    {.name = "start", .text = "Absent: an hour before the end"},
                    {.name = "end", .text = "Absent: now"},
                    {.name = "bucket_seconds",
                     .text = "A multiple of 10, of 240 beyond two days; 0: about 120 buckets",
                     .min = 0,
                     .max = 86'400 * 31.0})
TRACSEQ_DEFINE_TYPE(Bucket, {.name = "time", .text = "Start of the bucket"},
                    {.name = "p50", .text = "To 1 % of the value"})
TRACSEQ_DEFINE_TYPE(BucketList)
TRACSEQ_DEFINE_TYPE(Threshold, {.name = "threshold_id", .text = "Empty: given", .length_max = kNameBytesMax},
                    {.name = "model_id", .text = "Empty: every model", .length_max = kNameBytesMax},
                    {.name = "metric_name", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "operator",
                     .text = "The mean of the window is bad when it stands so to the threshold"},
                    {.name = "evaluation_window_minutes", .min = 1, .max = 1440},
                    {.name = "minimum_samples",
                     .text = "Values in the window, else nothing is decided",
                     .min = 1,
                     .max = 1e9},
                    {.name = "alert_channels", .length_max = 20},
                    {.name = "description", .length_max = kTextBytesMax})
TRACSEQ_DEFINE_TYPE(UpdateThreshold, {.name = "threshold_id", .required = true},
                    {.name = "evaluation_window_minutes", .min = 1, .max = 1440},
                    {.name = "minimum_samples", .min = 1, .max = 1e9},
                    {.name = "alert_channels", .length_max = 20},
                    {.name = "description", .length_max = kTextBytesMax})
TRACSEQ_DEFINE_TYPE(ThresholdRef, {.name = "threshold_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListThresholds,
                    {.name = "model_id", .text = "Those of this model and of every model; empty: all"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ThresholdPage)
TRACSEQ_DEFINE_TYPE(Alert,
                    {.name = "current_value", .text = "Mean of the window when raised or last changed"},
                    {.name = "triggered_by_values", .text = "Newest values of the window, newest first"},
                    {.name = "evaluation_window", .text = "Minutes"})
TRACSEQ_DEFINE_TYPE(ListAlerts, {.name = "is_resolved", .text = "Absent: open and resolved ones"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(AlertPage)
TRACSEQ_DEFINE_TYPE(AlertRef, {.name = "alert_id", .required = true}, {.name = "reason", .length_max = 2000})
TRACSEQ_DEFINE_TYPE(AcknowledgeAlert, {.name = "alert_id", .required = true},
                    {.name = "acknowledged_by", .text = "Empty: the caller", .length_max = kNameBytesMax},
                    {.name = "reason", .length_max = 2000})
TRACSEQ_DEFINE_TYPE(ModelHealth,
                    {.name = "current_metrics", .text = "Means of the last 5 minutes, else last values"},
                    {.name = "health_score", .text = "0 (unhealthy) to 1"},
                    {.name = "active_alerts", .text = "Ids of open alerts"})
TRACSEQ_DEFINE_TYPE(ModelRef, {.name = "model_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListModels, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ModelHealthList)

}  // namespace tracseq::monitoring
