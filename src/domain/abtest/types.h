// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "stats/group_sequential.h"
#include "stats/multiplicity.h"

// The words of A/B tests: the plan that is fixed before the start, the test, what is logged.
namespace tracseq::abtest {

inline constexpr std::size_t kVariantsMax = 20;
inline constexpr std::size_t kMetricsPlannedMax = 200;
inline constexpr std::size_t kMeasuresMax = 1'000;  // of one test, found in answers included
inline constexpr std::size_t kNameBytesMax = 250;
inline constexpr std::size_t kTextBytesMax = 4'000;
inline constexpr std::size_t kInteractionsPerCallMax = 5'000;
inline constexpr std::size_t kExposuresPerCallMax = 20'000;
inline constexpr std::size_t kInteractionBytesMax = 256UL << 10;  // request and answer, as JSON
inline constexpr std::size_t kForcedMax = 10'000;
inline constexpr std::size_t kFiltersMax = 50;
inline constexpr std::size_t kRampStepsMax = 50;
inline constexpr std::int64_t kGuardrailInteractionsMin = 20;  // of a variant, before a limit can be broken
inline constexpr const char* kControl = "control";

enum class TestType { champion_challenger, multivariate, gradual_rollout, canary };
TRACSEQ_DESCRIBE_ENUM(TestType, champion_challenger, multivariate, gradual_rollout, canary)
//   planning → running ⇄ paused → completed; planning → cancelled
enum class TestStatus { planning, running, paused, completed, cancelled };
TRACSEQ_DESCRIBE_ENUM(TestStatus, planning, running, paused, completed, cancelled)
// What a user counts as: proportion: 1 if the measure was ever above 0; mean: the mean of his values; ratio:
// his sum over his denominator (of interactions where none is named); quantile: his values one by one.
enum class MetricKind { proportion, mean, ratio, quantile };
TRACSEQ_DESCRIBE_ENUM(MetricKind, proportion, mean, ratio, quantile)
enum class Direction { increase, decrease };  // which way is better
TRACSEQ_DESCRIBE_ENUM(Direction, increase, decrease)
enum class SequentialMethod { always_valid, msprt, group_sequential, fixed };
TRACSEQ_DESCRIBE_ENUM(SequentialMethod, always_valid, msprt, group_sequential, fixed)

struct Variant {
  std::string name;
  double share = 0;
  std::string model_id;
  std::string model_version;
};
TRACSEQ_DESCRIBE(Variant, (name, share, model_id, model_version))

struct MetricPlan {
  std::string name;
  MetricKind kind = MetricKind::ratio;
  std::string field;        // the measure; empty: the name
  std::string denominator;  // of a ratio; empty: interactions
  double quantile = 0.5;
  std::optional<Direction> direction;  // absent: by the name
  std::string covariate;               // of an exposure's covariates: CUPED
  std::optional<double> winsor_low;    // values beyond count as the limit
  std::optional<double> winsor_high;
  std::optional<double> limit;  // a guardrail's: beyond it on the bad side is a breach
};
TRACSEQ_DESCRIBE(MetricPlan, (name, kind, field, denominator, quantile, direction, covariate, winsor_low,
                              winsor_high, limit))

struct RampStep {
  double after_hours = 0;
  double coverage = 1;  // share of the users who are let in
};
TRACSEQ_DESCRIBE(RampStep, (after_hours, coverage))

// Tests of one exclusion group with disjoint ranges share no user.
struct ExclusionGroup {
  std::string name;
  double low = 0;
  double high = 1;
};
TRACSEQ_DESCRIBE(ExclusionGroup, (name, low, high))

struct Plan {
  TestType test_type = TestType::champion_challenger;
  std::vector<Variant> variants;
  std::string primary_metric;
  std::vector<std::string> secondary_metrics;
  std::vector<std::string> guardrail_metrics;
  std::vector<MetricPlan> metrics;          // how they are measured; absent ones: the mean over interactions
  double minimum_detectable_effect = 0.05;  // relative
  double confidence_level = 0.95;
  double statistical_power = 0.8;
  double planned_duration_days = 14;
  double minimum_duration_hours = 0;
  std::int64_t minimum_sample_size = 1000;          // users of each compared variant
  std::optional<std::int64_t> maximum_sample_size;  // users of all variants
  SequentialMethod method = SequentialMethod::always_valid;
  stats::Spending spending = stats::Spending::obrien_fleming;
  std::int64_t looks = 10;        // of group_sequential
  std::int64_t tuned_for = 5000;  // users at which always_valid is narrowest
  std::optional<double>
      mixture_sd;  // of msprt, relative to the control's mean; absent: the detectable effect
  stats::Correction correction = stats::Correction::holm;
  double srm_alpha = 0.001;
  double srm_concentration = 1000;  // κ of the Dirichlet prior
  double prior_sd = 0.3;            // of the relative effect, for the Bayesian view
  Json user_filters;
  std::vector<std::string> feature_flags;
  std::map<std::string, std::string> forced_variants;  // user → variant; not counted
  std::optional<ExclusionGroup> exclusion_group;
  double holdout = 0;  // share of the project's users who are in no test
  double error_rate_threshold = 0.1;
  double latency_threshold_ms = 1000;
  std::vector<RampStep> ramp;
  std::string seed;  // empty: the test's id
  bool automatic_stopping = false;
};
TRACSEQ_DESCRIBE(Plan, (test_type, variants, primary_metric, secondary_metrics, guardrail_metrics, metrics,
                        minimum_detectable_effect, confidence_level, statistical_power, planned_duration_days,
                        minimum_duration_hours, minimum_sample_size, maximum_sample_size, method, spending,
                        looks, tuned_for, mixture_sd, correction, srm_alpha, srm_concentration, prior_sd,
                        user_filters, feature_flags, forced_variants, exclusion_group, holdout,
                        error_rate_threshold, latency_threshold_ms, ramp, seed, automatic_stopping))

struct CreateTest {
  std::string test_id;  // empty: given
  std::string name;
  std::string description;
  std::string hypothesis;
  std::string created_by;  // empty: the caller
  Plan plan;
};
TRACSEQ_DESCRIBE(CreateTest, (test_id, name, description, hypothesis, created_by, plan))

struct AbTest {
  std::string test_id;
  std::string name;
  std::string description;
  std::string hypothesis;
  TestStatus status = TestStatus::planning;
  std::string status_reason;
  Plan plan;
  double coverage = 1;
  std::string winner;
  bool significant = false;
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> ended_at;
  std::int64_t users = 0;
  std::int64_t interactions = 0;
  std::int64_t crossed_users = 0;
};
TRACSEQ_DESCRIBE(AbTest, (test_id, name, description, hypothesis, status, status_reason, plan, coverage,
                          winner, significant, created_at, created_by, started_at, ended_at, users,
                          interactions, crossed_users))

struct TestRef {
  std::string test_id;
};
TRACSEQ_DESCRIBE(TestRef, (test_id))
struct MoveTest {
  std::string test_id;
  std::string reason;
};
TRACSEQ_DESCRIBE(MoveTest, (test_id, reason))
struct ListTests {
  std::optional<TestStatus> status{};
  std::int64_t limit = 50;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListTests, (status, limit, page_token))
struct TestPage {
  std::vector<AbTest> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(TestPage, (items, next_page_token))

struct AssignUser {
  std::string test_id;
  std::string user_id;
  Json attributes;
};
TRACSEQ_DESCRIBE(AssignUser, (test_id, user_id, attributes))
struct Assignment {
  std::optional<std::string> variant;
  std::string reason;    // why none, or "hash", "forced"
  bool counted = false;  // whether an exposure is to be logged
};
TRACSEQ_DESCRIBE(Assignment, (variant, reason, counted))

struct Exposure {
  std::string test_id;
  std::string user_id;
  std::string variant_id;
  std::optional<Timestamp> timestamp;
  std::map<std::string, double> covariates;  // of before the exposure
};
TRACSEQ_DESCRIBE(Exposure, (test_id, user_id, variant_id, timestamp, covariates))
struct LogExposures {
  std::vector<Exposure> exposures;
};
TRACSEQ_DESCRIBE(LogExposures, (exposures))

struct Interaction {
  std::string interaction_id;
  std::string test_id;
  std::string variant_id;
  std::string user_id;
  Json request_data;
  Json response_data;
  double latency_ms = 0;
  bool success = true;
  std::optional<std::string> error_message;
  std::optional<bool> conversion;
  std::optional<double> value;
  std::optional<Timestamp> timestamp;
  std::optional<std::string> user_agent;
  std::optional<std::string> ip_address;
};
TRACSEQ_DESCRIBE(Interaction,
                 (interaction_id, test_id, variant_id, user_id, request_data, response_data, latency_ms,
                  success, error_message, conversion, value, timestamp, user_agent, ip_address))
struct LogInteractions {
  std::vector<Interaction> interactions;
};
TRACSEQ_DESCRIBE(LogInteractions, (interactions))
struct LoggedData {
  std::int64_t logged = 0;    // taken
  std::int64_t repeated = 0;  // known already: nothing changed
};
TRACSEQ_DESCRIBE(LoggedData, (logged, repeated))

}  // namespace tracseq::abtest
