// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/abtest/plan.h"
#include "domain/abtest/types.h"
#include "stats/bayes.h"
#include "stats/comparison.h"
#include "stats/group_sequential.h"

// What is said of a test, and what is remembered between looks.
namespace tracseq::abtest {

// The split of users against the planned shares, which may be looked at continuously.
struct SplitCheck {
  bool mismatch = false;  // p_value below the plan's srm_alpha: no verdict is given
  double p_value = 1;     // the least over all looks
  double fixed_p_value = 1;
  std::vector<std::int64_t> users;
  std::vector<double> expected;
};
TRACSEQ_DESCRIBE(SplitCheck, (mismatch, p_value, fixed_p_value, users, expected))

struct VariantReport {
  std::string name;
  std::int64_t users = 0;
  std::int64_t interactions = 0;
  double throughput_rps = 0;
};
TRACSEQ_DESCRIBE(VariantReport, (name, users, interactions, throughput_rps))

// The relative effect (treatment/control − 1) by Fieller at the confidence of the plan's method.
struct RelativeEffect {
  double effect = 0;
  double low = 0;
  double high = 0;
  bool bounded = true;
};
TRACSEQ_DESCRIBE(RelativeEffect, (effect, low, high, bounded))

struct MetricReport {
  std::string metric;
  std::string measure;  // what it was taken of: accuracy falls back on success where answers have none
  MetricRole role = MetricRole::found;
  MetricKind kind = MetricKind::ratio;
  Direction direction = Direction::increase;
  std::string variant;
  std::int64_t users = 0;
  std::optional<double> estimate;
  std::optional<double> std_dev;
  std::optional<double> std_error;
  std::optional<stats::Range> interval;  // of the estimate, fixed horizon
  std::optional<double> rank_error;      // of a quantile from a sketch
  // Against control; absent for control itself.
  std::string reason;            // why there is nothing to test
  std::optional<double> effect;  // difference from control
  std::optional<double> low;     // by the plan's method
  std::optional<double> high;
  std::optional<double> p_value;
  std::optional<double> p_adjusted;
  bool significant = false;
  std::optional<bool> better;
  bool futile = false;  // the interval holds no improvement of the detectable effect
  std::optional<RelativeEffect> relative;
  std::optional<stats::Comparison> fixed;
  std::optional<double> variance_kept;  // by the covariate
  std::optional<double> power;          // of finding the detectable effect with the users so far
  std::optional<double> needed_users;   // of this variant, fixed horizon
  std::optional<double> progress;
  std::optional<stats::BayesView> bayes;          // of the relative effect, greater is better
  std::optional<stats::StoppedEstimate> at_stop;  // group_sequential: corrected for its upward bias
  bool interval_only = false;  // the estimate at a stop is biased away from 0: trust the interval
};
TRACSEQ_DESCRIBE(MetricReport, (metric, measure, role, kind, direction, variant, users, estimate, std_dev,
                                std_error, interval, rank_error, reason, effect, low, high, p_value,
                                p_adjusted, significant, better, futile, relative, fixed, variance_kept,
                                power, needed_users, progress, bayes, at_stop, interval_only))

enum class Decision { none, blocked, better, worse, futile };
TRACSEQ_DESCRIBE_ENUM(Decision, none, blocked, better, worse, futile)
struct Verdict {
  Decision decision = Decision::none;
  std::string variant;
  std::string reason;
};
TRACSEQ_DESCRIBE(Verdict, (decision, variant, reason))

struct GuardrailReport {
  std::string metric;
  std::string variant;
  std::optional<double> estimate;
  std::optional<double> limit;
  bool broken = false;
};
TRACSEQ_DESCRIBE(GuardrailReport, (metric, variant, estimate, limit, broken))

struct Report {
  std::string test_id;
  TestStatus status = TestStatus::planning;
  std::string status_reason;
  Timestamp calculated_at;
  SequentialMethod method = SequentialMethod::always_valid;
  std::string primary_metric;
  SplitCheck split;
  std::vector<GuardrailReport> guardrails;
  Verdict verdict;
  std::int64_t crossed_users = 0;
  double progress = 0;
  std::vector<VariantReport> variants;
  std::vector<MetricReport> metrics;
  std::vector<std::string> notes;
};
TRACSEQ_DESCRIBE(Report, (test_id, status, status_reason, calculated_at, method, primary_metric, split,
                          guardrails, verdict, crossed_users, progress, variants, metrics, notes))

// Evidence of one metric and variant, carried from look to look.
struct Evidence {
  std::string metric;
  std::string variant;
  double p_value = 1;               // the least so far
  std::vector<double> information;  // of group_sequential: at each of its looks
  bool crossed = false;
};
TRACSEQ_DESCRIBE(Evidence, (metric, variant, p_value, information, crossed))
struct EvidenceState {
  double split_p_value = 1;
  std::vector<Evidence> series;
};
TRACSEQ_DESCRIBE(EvidenceState, (split_p_value, series))

// The primary metric of one variant at one look, for the chart of the interval over time.
struct LookPoint {
  std::string variant;
  std::optional<double> effect;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> p_value;
};
TRACSEQ_DESCRIBE(LookPoint, (variant, effect, low, high, p_value))
struct Look {
  Timestamp time;
  std::int64_t users = 0;
  double split_p_value = 1;
  std::vector<LookPoint> points;
  std::vector<std::int64_t> variant_users;  // in the plan's order; empty: a look of before they were kept
};
TRACSEQ_DESCRIBE(Look, (time, users, split_p_value, points, variant_users))
struct LookList {
  std::vector<Look> items;
};
TRACSEQ_DESCRIBE(LookList, (items))

}  // namespace tracseq::abtest
