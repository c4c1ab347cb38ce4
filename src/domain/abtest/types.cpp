// SPDX-License-Identifier: MIT
#include "domain/abtest/types.h"

namespace tracseq::abtest {

TRACSEQ_DEFINE_ENUM(TestType)
TRACSEQ_DEFINE_ENUM(TestStatus)
TRACSEQ_DEFINE_ENUM(MetricKind)
TRACSEQ_DEFINE_ENUM(Direction)
TRACSEQ_DEFINE_ENUM(SequentialMethod)

TRACSEQ_DEFINE_TYPE(
    Variant, {.name = "name", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "share", .text = "Of the users, 0 to 1; those of a test sum to 1", .min = 0, .max = 1},
    {.name = "model_id", .length_max = kNameBytesMax}, {.name = "model_version", .length_max = kNameBytesMax})
TRACSEQ_DEFINE_TYPE(
    MetricPlan, {.name = "name", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "kind",
     .text = "proportion: users who ever did; mean: of the users' means; ratio: of sums, per interaction "
             "without a denominator; quantile: of all values"},
    {.name = "field",
     .text = "error_rate, success, latency, conversion, value, or a number of response_data (a.b for "
             "nested ones); empty: the name",
     .length_max = kNameBytesMax},
    {.name = "denominator",
     .text = "Measure below the line of a ratio; empty: interactions",
     .length_max = kNameBytesMax},
    {.name = "quantile", .min = 0.001, .max = 0.999},
    {.name = "direction",
     .text = "Which way is better; absent: decrease for error_rate and latency, else increase"},
    {.name = "covariate",
     .text = "Of the exposures' covariates; takes variance away (CUPED)",
     .length_max = kNameBytesMax},
    {.name = "winsor_low", .text = "Smaller values count as this"},
    {.name = "winsor_high", .text = "Greater values count as this"},
    {.name = "limit",
     .text = "Of a guardrail: a variant beyond it on the bad side pauses the test; absent: one that is "
             "shown to be worse than control does"})
TRACSEQ_DEFINE_TYPE(RampStep, {.name = "after_hours", .text = "Since the start", .min = 0, .max = 24.0 * 366},
                    {.name = "coverage", .text = "Share of the users let in", .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(ExclusionGroup,
                    {.name = "name", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "low", .min = 0, .max = 1},
                    {.name = "high", .text = "Exclusive", .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(
    Plan,
    {.name = "variants",
     .text = "control among them",
     .required = true,
     .length_max = kVariantsMax,
     .length_min = 2},
    {.name = "primary_metric", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "secondary_metrics", .length_max = kMetricsPlannedMax},
    {.name = "guardrail_metrics", .length_max = kMetricsPlannedMax},
    {.name = "metrics",
     .text = "How metrics are measured; absent ones: mean over interactions",
     .length_max = kMetricsPlannedMax},
    {.name = "minimum_detectable_effect", .text = "Relative to control", .min = 1e-9, .max = 1e6},
    {.name = "confidence_level", .min = 0.5, .max = 0.9999},
    {.name = "statistical_power", .min = 0.05, .max = 0.9999},
    {.name = "planned_duration_days", .min = 0, .max = 3660},
    {.name = "minimum_duration_hours", .min = 0, .max = 87'840},
    {.name = "minimum_sample_size",
     .text = "Users of each compared variant before a verdict",
     .min = 0,
     .max = 1e12},
    {.name = "maximum_sample_size",
     .text = "Users of all variants; the test completes there",
     .min = 1,
     .max = 1e12},
    {.name = "method",
     .text = "always_valid: asymptotic confidence sequence; msprt: mixture test; group_sequential: error "
             "spending at planned looks; fixed: one look at the end"},
    {.name = "looks", .text = "Of group_sequential", .min = 1, .max = 200},
    {.name = "tuned_for", .text = "Users at which always_valid is narrowest", .min = 1, .max = 1e12},
    {.name = "mixture_sd", .text = "Of msprt, relative to control's mean", .min = 1e-12, .max = 1e6},
    {.name = "correction", .text = "Over variants and metrics"},
    {.name = "srm_alpha", .min = 1e-9, .max = 0.1}, {.name = "srm_concentration", .min = 1, .max = 1e6},
    {.name = "prior_sd", .min = 1e-6, .max = 1e3},
    {.name = "user_filters", .text = "Attributes a user must have to be assigned"},
    {.name = "feature_flags", .length_max = kFiltersMax},
    {.name = "forced_variants", .length_max = kForcedMax},
    {.name = "holdout", .text = "Share of the project's users who are in no test", .min = 0, .max = 0.99},
    {.name = "error_rate_threshold", .text = "Limit of the guardrail error_rate", .min = 0, .max = 1},
    {.name = "latency_threshold_ms", .text = "Limit of the guardrail latency", .min = 0, .max = 1e9},
    {.name = "ramp", .text = "Of gradual rollouts: coverage by time, growing", .length_max = kRampStepsMax},
    {.name = "seed", .text = "Of the hash; empty: the test's id", .length_max = kNameBytesMax},
    {.name = "automatic_stopping", .text = "Whether a verdict completes the test by itself"})
TRACSEQ_DEFINE_TYPE(CreateTest, {.name = "test_id", .text = "Empty: given", .length_max = kNameBytesMax},
                    {.name = "name", .length_max = kNameBytesMax},
                    {.name = "description", .length_max = kTextBytesMax},
                    {.name = "hypothesis", .length_max = kTextBytesMax},
                    {.name = "created_by", .text = "Empty: the caller", .length_max = kNameBytesMax},
                    {.name = "plan", .required = true})
TRACSEQ_DEFINE_TYPE(AbTest, {.name = "status_reason", .text = "Why it is in this status"},
                    {.name = "coverage", .text = "Share of the users let in now"},
                    {.name = "winner",
                     .text = "The variant shown better, or control where all others were shown worse"},
                    {.name = "crossed_users",
                     .text = "Users logged in two variants: counted in the first only"})
TRACSEQ_DEFINE_TYPE(TestRef, {.name = "test_id", .required = true})
TRACSEQ_DEFINE_TYPE(MoveTest, {.name = "test_id", .required = true}, {.name = "reason", .length_max = 2000})
TRACSEQ_DEFINE_TYPE(ListTests, {.name = "limit", .min = 1, .max = 1000},
                    {.name = "page_token", .length_max = kNameBytesMax})
TRACSEQ_DEFINE_TYPE(TestPage)
TRACSEQ_DEFINE_TYPE(AssignUser, {.name = "test_id", .required = true},
                    {.name = "user_id", .length_max = kNameBytesMax},
                    {.name = "attributes", .text = "What user_filters look at"})
TRACSEQ_DEFINE_TYPE(Assignment, {.name = "variant", .text = "Absent: not in the test"},
                    {.name = "reason",
                     .text = "hash, forced; why none: not_running, no_user, filtered, holdout, "
                             "exclusion_group, not_covered"},
                    {.name = "counted", .text = "Whether an exposure is to be logged"})
TRACSEQ_DEFINE_TYPE(
    Exposure, {.name = "test_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "user_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "variant_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "timestamp", .text = "Absent: now"},
    {.name = "covariates", .text = "Numbers of before the exposure, for CUPED", .length_max = kFiltersMax})
TRACSEQ_DEFINE_TYPE(LogExposures, {.name = "exposures", .required = true, .length_max = kExposuresPerCallMax})
TRACSEQ_DEFINE_TYPE(Interaction,
                    {.name = "interaction_id",
                     .text = "Unique in the test; a repeat is the same interaction",
                     .required = true,
                     .length_max = kNameBytesMax,
                     .length_min = 1},
                    {.name = "test_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "variant_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "user_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
                    {.name = "request_data", .text = "At most 256 KiB together with response_data"},
                    {.name = "response_data", .text = "Its numbers and booleans are measures"},
                    {.name = "latency_ms", .min = 0, .max = 1e9},
                    {.name = "error_message", .length_max = kTextBytesMax},
                    {.name = "timestamp", .text = "Absent: now"},
                    {.name = "user_agent", .length_max = kTextBytesMax},
                    {.name = "ip_address", .length_max = kNameBytesMax})
TRACSEQ_DEFINE_TYPE(LogInteractions,
                    {.name = "interactions", .required = true, .length_max = kInteractionsPerCallMax})
TRACSEQ_DEFINE_TYPE(LoggedData, {.name = "repeated", .text = "Known already by their ids: nothing changed"})

}  // namespace tracseq::abtest
