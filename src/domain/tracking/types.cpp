// SPDX-License-Identifier: MIT
#include "domain/tracking/types.h"

namespace tracseq::tracking {

TRACSEQ_DEFINE_ENUM(RunStatus)
TRACSEQ_DEFINE_TYPE(Experiment, {.name = "deleted_at", .text = "In the trash since"})
TRACSEQ_DEFINE_TYPE(Tag, {.name = "key", .required = true, .length_max = kKeyBytesMax, .length_min = 1},
                    {.name = "value", .length_max = 8000})
TRACSEQ_DEFINE_TYPE(Run, {.name = "params", .text = "Hyperparameters: name to any JSON value"},
                    {.name = "metrics", .text = "The last value of each metric"},
                    {.name = "config", .text = "What else the caller keeps with the run"})
TRACSEQ_DEFINE_TYPE(CreateExperiment,
                    {.name = "name",
                     .text = "Unique among the experiments that are not in the trash",
                     .required = true,
                     .length_max = kNameBytesMax,
                     .length_min = 1},
                    {.name = "description", .length_max = kTextBytesMax})
TRACSEQ_DEFINE_TYPE(ExperimentRef, {.name = "experiment_id", .required = true, .min = 0})
TRACSEQ_DEFINE_TYPE(UpdateExperiment, {.name = "experiment_id", .required = true, .min = 0},
                    {.name = "name", .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "description", .length_max = kTextBytesMax})
TRACSEQ_DEFINE_TYPE(ListExperiments, {.name = "deleted", .text = "List the trash instead"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ExperimentPage)
TRACSEQ_DEFINE_TYPE(StartRun, {.name = "run_id", .text = "32 lowercase hex digits; empty: a new UUIDv7"},
                    {.name = "experiment_id", .text = "The group; 0 is Default", .min = 0},
                    {.name = "name", .length_max = kNameBytesMax},
                    {.name = "description", .length_max = kTextBytesMax},
                    {.name = "tags", .length_max = kTagsMax},
                    {.name = "created_by", .length_max = kNameBytesMax})
TRACSEQ_DEFINE_TYPE(RunRef, {.name = "run_id", .required = true})
TRACSEQ_DEFINE_TYPE(UpdateRun, {.name = "run_id", .required = true},
                    {.name = "name", .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "description", .length_max = kTextBytesMax},
                    {.name = "notes", .length_max = kTextBytesMax},
                    {.name = "tags", .text = "Replaces all tags", .length_max = kTagsMax},
                    {.name = "params", .text = "Adds; a name that has another value already is a conflict"})
TRACSEQ_DEFINE_TYPE(
    ListRuns, {.name = "run_id", .text = "Only these runs", .length_max = 1000},
    {.name = "tag", .text = "Runs that have any of these tags", .length_max = 100},
    {.name = "search", .text = "Part of name, description or id", .length_max = 1000},
    {.name = "query", .text = "e.g. metrics.auc > 0.9 and params.lr < 1e-3", .length_max = 4000},
    {.name = "order_by",
     .text = "created_at, name, status, metrics.<key>, params.<key>; asc or desc; up to 4, "
             "comma-separated"},
    {.name = "offset", .text = "Rows to pass over; page_token is faster", .min = 0, .max = 1e9},
    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(RunPage, {.name = "total", .text = "Runs on all pages"})
TRACSEQ_DEFINE_TYPE(
    MetricPoint, {.name = "key", .required = true, .length_max = kKeyBytesMax, .length_min = 1},
    {.name = "value", .text = "A double, or \"NaN\", \"Infinity\", \"-Infinity\"", .required = true})
TRACSEQ_DEFINE_TYPE(LogMetrics, {.name = "run_id", .text = "The run of points that name none"},
                    {.name = "points", .required = true, .length_max = kPointsPerCallMax})
TRACSEQ_DEFINE_TYPE(Logged, {.name = "points", .text = "Points taken; a repeated point counts once"})
TRACSEQ_DEFINE_TYPE(GetSeries, {.name = "run_id", .required = true, .length_max = 100, .length_min = 1},
                    {.name = "max_points",
                     .text = "Per series, first, last and extremes kept; 0: every point, by pages",
                     .min = 0,
                     .max = 1e6})
TRACSEQ_DEFINE_TYPE(Series)
TRACSEQ_DEFINE_TYPE(SeriesList)

}  // namespace tracseq::tracking
