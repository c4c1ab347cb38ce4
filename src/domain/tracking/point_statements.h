// SPDX-License-Identifier: MIT
#pragma once

#include "storage/sql/value.h"

// What a logged point writes. In a header for the bench, whose floor runs the same statements.
namespace tracseq::tracking {

inline constexpr sql::BulkInsert kInsertPoints{
    "tracking.insert_points",
    "metric_points",
    {"series_id", "step", "time", "value_bits", "epoch", "arrival"},
    "ON CONFLICT DO NOTHING"};
inline constexpr sql::Statement kSetLast{
    "tracking.set_last",
    "INSERT INTO experiment_metrics (experiment_id, key, step, time, value, value_bits) VALUES (?, ?, ?, ?, "
    "?, ?) "
    "ON CONFLICT (experiment_id, key) DO UPDATE SET step = excluded.step, time = excluded.time, value = "
    "excluded.value, "
    "value_bits = excluded.value_bits WHERE (excluded.step, excluded.time, excluded.value_bits) > "
    "(experiment_metrics.step, experiment_metrics.time, experiment_metrics.value_bits)"};

}  // namespace tracseq::tracking
