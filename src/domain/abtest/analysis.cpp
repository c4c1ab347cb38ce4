// SPDX-License-Identifier: MIT
#include "domain/abtest/analysis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "domain/abtest/compare.h"
#include "domain/abtest/evidence.h"
#include "stats/always_valid.h"
#include "stats/contingency.h"
#include "stats/effects.h"
#include "stats/power.h"

namespace tracseq::abtest {
namespace {

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

double alpha_of(const Plan& plan) { return 1 - plan.confidence_level; }

SplitCheck check_split(const Seen& seen) {
  const Plan& plan = seen.stored.test.plan;
  SplitCheck split;
  std::vector<double> counts, shares;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    const auto found = seen.counts.find(static_cast<int>(i));
    split.users.push_back(found == seen.counts.end() ? 0 : found->second.users);
    counts.push_back(static_cast<double>(split.users.back()));
    shares.push_back(plan.variants[i].share);
    total += split.users.back();
  }
  for (const double share : shares) split.expected.push_back(share * static_cast<double>(total));
  split.p_value = seen.evidence.split_p_value;
  if (total > 0) {
    if (const auto fixed = stats::chi2_goodness(counts, shares); fixed && fixed->testable)
      split.fixed_p_value = fixed->p_value;
    if (const auto ratio = stats::sequential_ratio(counts, shares, plan.srm_concentration))
      split.p_value = std::min(split.p_value, ratio->p_values.back());
  }
  split.mismatch = split.p_value < plan.srm_alpha;
  return split;
}

std::vector<VariantReport> variants_of(const Seen& seen) {
  const AbTest& test = seen.stored.test;
  const Timestamp end = test.ended_at.value_or(seen.at);
  const double seconds =
      test.started_at ? std::max(1e-3, static_cast<double>((end - *test.started_at).count()) / 1e6) : 1;
  std::vector<VariantReport> variants;
  for (std::size_t i = 0; i < test.plan.variants.size(); ++i) {
    VariantReport one;
    one.name = test.plan.variants[i].name;
    if (const auto found = seen.counts.find(static_cast<int>(i)); found != seen.counts.end()) {
      one.users = found->second.users;
      one.interactions = found->second.interactions;
    }
    one.throughput_rps = static_cast<double>(one.interactions) / seconds;
    variants.push_back(std::move(one));
  }
  return variants;
}

// The planned metrics and what was found beside them. `sums_name`: where its sums stand.
struct Line {
  Metric metric;
  std::string sums_name;
};

std::vector<Line> lines_of(const Seen& seen) {
  std::set<std::string> with_sums;
  for (const auto& [key, arm] : seen.sums) with_sums.insert(key.first);
  std::vector<Line> lines;
  std::set<std::string> taken;
  for (Metric& metric : planned_metrics(seen.stored.test.plan)) {
    taken.insert(metric.plan.name);
    std::string name = metric.plan.name;
    // Answers without an accuracy of their own are as right as they are successful.
    const bool falls_back = metric.plan.field == "accuracy" && metric.plan.kind == MetricKind::ratio;
    if (falls_back && !with_sums.contains(name) && with_sums.contains("success")) name = "success";
    lines.push_back({std::move(metric), std::move(name)});
  }
  for (const std::string& name : with_sums)
    if (!taken.contains(name)) lines.push_back({found_metric(name), name});
  return lines;
}

const ArmSums& arm_of(const Seen& seen, const std::string& metric, int variant) {
  static const ArmSums none;
  const auto found = seen.sums.find({metric, variant});
  return found == seen.sums.end() ? none : found->second;
}

// The effect relative to control, at the confidence of the interval that the method gave.
void add_relative(const ArmEstimate& treatment, const ArmEstimate& control, const stats::Comparison& test,
                  MetricReport& into) {
  const double reach = into.low && into.high ? (*into.high - *into.low) / 2 : stats::kNaN;
  const double confidence = 1 - 2 * stats::normal_tail(reach / test.std_error);
  if (!(confidence > 0 && confidence < 1) || !std::isfinite(treatment.std_error) ||
      !std::isfinite(control.std_error) || control.value == 0)
    return;
  const auto lift = stats::fieller_lift(control.value + test.effect, treatment.std_error, control.value,
                                        control.std_error, confidence);
  if (lift) into.relative = RelativeEffect{lift->lift, lift->low, lift->high, lift->bounded};
}

void add_bayes(const Plan& plan, const ArmEstimate& treatment, const ArmEstimate& control,
               const stats::Comparison& test, MetricReport& into) {
  const double base = std::abs(control.value);
  if (base == 0 || !std::isfinite(treatment.std_error) || !std::isfinite(control.std_error)) return;
  const double moved = control.value + test.effect;
  const double error = std::hypot(treatment.std_error / base, control.std_error * moved / (base * base));
  const double sign = into.direction == Direction::increase ? 1 : -1;
  const auto view =
      stats::bayes_normal(sign * test.effect / base, error, 0, plan.prior_sd, plan.confidence_level);
  if (view) into.bayes = *view;
}

void add_power(const Plan& plan, const ArmEstimate& treatment, const ArmEstimate& control,
               const stats::Comparison& test, MetricReport& into) {
  const double effect = plan.minimum_detectable_effect * std::abs(control.value);
  const auto n = static_cast<double>(treatment.users), m = static_cast<double>(control.users);
  const double sd = test.std_error / std::sqrt(1 / n + 1 / m);
  if (!(effect > 0) || !(sd > 0) || !std::isfinite(sd)) return;
  const stats::PowerDesign design{alpha_of(plan), m / n, false};
  if (const auto power = stats::power_means(effect, sd, n, design)) into.power = finite(*power);
  if (const auto needed = stats::sample_size_means(effect, sd, plan.statistical_power, design)) {
    into.needed_users = finite(needed->treatment);
    if (into.needed_users && *into.needed_users > 0) into.progress = std::min(1.0, n / *into.needed_users);
  }
}

// What follows from the interval: better, worse, not worth waiting for.
void add_direction(const Plan& plan, const ArmEstimate& control, MetricReport& into) {
  if (!into.effect || !into.low || !into.high) return;
  const double sign = into.direction == Direction::increase ? 1 : -1;
  const double wanted = plan.minimum_detectable_effect * std::abs(control.value);
  const double best = sign > 0 ? *into.high : -*into.low;
  into.futile = wanted > 0 && best < wanted;
  if (*into.effect != 0) into.better = sign * *into.effect > 0;
}

void compare_with_control(const Seen& seen, const Line& line, int variant, int control_place,
                          const ArmEstimate& treatment, const ArmEstimate& control, MetricReport& into) {
  const Plan& plan = seen.stored.test.plan;
  const Difference difference =
      compare_arms(line.metric.plan, arm_of(seen, line.sums_name, variant),
                   arm_of(seen, line.sums_name, control_place), plan.confidence_level);
  into.variance_kept = difference.variance_kept;
  into.fixed = difference.test;
  into.effect = finite(difference.test.effect);
  if (!difference.test.testable) {
    into.reason = difference.test.reason;
    return;
  }
  judge(seen, difference.test, control.value, treatment.users + control.users, into);
  add_direction(plan, control, into);
  add_relative(treatment, control, difference.test, into);
  add_bayes(plan, treatment, control, difference.test, into);
  if (into.role != MetricRole::found) add_power(plan, treatment, control, difference.test, into);
}

MetricReport report_metric(const Seen& seen, const Line& line, int variant, int control_place) {
  const Plan& plan = seen.stored.test.plan;
  MetricReport into;
  into.metric = line.metric.plan.name;
  into.measure = line.sums_name == line.metric.plan.name ? line.metric.plan.field : line.sums_name;
  into.role = line.metric.role;
  into.kind = line.metric.plan.kind;
  into.direction = line.metric.plan.direction.value_or(Direction::increase);
  into.variant = plan.variants[static_cast<std::size_t>(variant)].name;
  const auto arm =
      estimate_arm(line.metric.plan, arm_of(seen, line.sums_name, variant), plan.confidence_level);
  if (!arm) {
    into.reason = "no values yet";
    return into;
  }
  into.users = arm->users;
  into.estimate = finite(arm->value);
  into.std_dev = finite(arm->std_dev);
  into.std_error = finite(arm->std_error);
  into.interval = arm->interval;
  into.rank_error = arm->rank_error;
  if (variant == control_place) return into;
  const auto control =
      estimate_arm(line.metric.plan, arm_of(seen, line.sums_name, control_place), plan.confidence_level);
  if (!control) {
    into.reason = "control has no values yet";
    return into;
  }
  compare_with_control(seen, line, variant, control_place, *arm, *control, into);
  return into;
}

// Over the primary and secondary metrics of all variants; guardrails are judged one by one, in doubt for the
// users.
void correct(const Plan& plan, Report& report, std::vector<std::string>& notes) {
  std::vector<MetricReport*> family;
  std::vector<double> p_values;
  for (MetricReport& one : report.metrics) {
    if (one.role == MetricRole::guardrail) {
      one.p_adjusted = one.p_value;
      one.significant = one.p_value && *one.p_value < alpha_of(plan);
    }
    if (one.role != MetricRole::primary && one.role != MetricRole::secondary) continue;
    if (!one.p_value) continue;
    family.push_back(&one);
    p_values.push_back(*one.p_value);
  }
  const auto corrected = stats::correct(p_values, plan.correction);
  if (!corrected) {
    notes.push_back(corrected.error().message);
    return;
  }
  for (std::size_t i = 0; i < family.size(); ++i) {
    family[i]->p_adjusted = corrected->p_values[i];
    family[i]->significant = corrected->p_values[i] < alpha_of(plan);
  }
}

std::vector<GuardrailReport> guardrails_of(const Plan& plan, const Report& report) {
  std::vector<GuardrailReport> guardrails;
  for (const Metric& metric : planned_metrics(plan)) {
    if (metric.role != MetricRole::guardrail) continue;
    for (const MetricReport& one : report.metrics) {
      if (one.metric != metric.plan.name || !one.estimate) continue;
      GuardrailReport guardrail{one.metric, one.variant, one.estimate, metric.plan.limit, false};
      if (metric.plan.limit)
        guardrail.broken = one.direction == Direction::decrease ? *one.estimate > *metric.plan.limit
                                                                : *one.estimate < *metric.plan.limit;
      else
        guardrail.broken = one.significant && one.better && !*one.better;
      guardrails.push_back(std::move(guardrail));
    }
  }
  return guardrails;
}

// Why a verdict has to wait; empty: it need not.
std::string waits_for(const Seen& seen, const MetricReport& treatment, std::int64_t control_users) {
  const AbTest& test = seen.stored.test;
  const std::int64_t users = std::min(treatment.users, control_users);
  if (users < test.plan.minimum_sample_size)
    return fmt::format("{} of at least {} users of each variant", users, test.plan.minimum_sample_size);
  const double hours =
      test.started_at ? static_cast<double>((seen.at - *test.started_at).count()) / 3.6e9 : 0;
  if (hours < test.plan.minimum_duration_hours)
    return fmt::format("{:.1f} of at least {:.1f} hours", hours, test.plan.minimum_duration_hours);
  return {};
}

Verdict verdict_of(const Seen& seen, const Report& report) {
  if (report.split.mismatch)
    return {
        Decision::blocked, "",
        fmt::format(
            "the split of users is not the planned one (p = {:.3g}): find out why before believing anything",
            report.split.p_value)};
  std::int64_t control_users = 0;
  for (const MetricReport& one : report.metrics)
    if (one.role == MetricRole::primary && one.variant == kControl) control_users = one.users;
  const MetricReport *better = nullptr, *worse = nullptr;
  bool all_worse = true, all_futile = true;
  std::string waits;
  for (const MetricReport& one : report.metrics) {
    if (one.role != MetricRole::primary || one.variant == kControl) continue;
    const std::string why = waits_for(seen, one, control_users);
    if (!why.empty()) waits = why;
    const bool shown = one.significant && one.better && why.empty();
    all_worse = all_worse && shown && !*one.better;
    all_futile = all_futile && one.futile && why.empty();
    if (shown && *one.better && (better == nullptr || std::abs(*one.effect) > std::abs(*better->effect)))
      better = &one;
    if (shown && !*one.better) worse = &one;
  }
  if (better != nullptr)
    return {Decision::better, better->variant,
            fmt::format("{} is better than control in {} (p = {:.3g})", better->variant, better->metric,
                        *better->p_adjusted)};
  if (worse != nullptr)
    return {Decision::worse, all_worse ? kControl : worse->variant,
            fmt::format("{} is worse than control in {} (p = {:.3g})", worse->variant, worse->metric,
                        *worse->p_adjusted)};
  if (!waits.empty()) return {Decision::none, "", waits};
  if (all_futile) return {Decision::futile, "", "no variant can still be better by the detectable effect"};
  return {Decision::none, "", "no difference is shown yet"};
}

double progress_of(const Plan& plan, const Report& report) {
  double least = 1;
  for (const MetricReport& one : report.metrics) {
    if (one.role != MetricRole::primary) continue;
    const auto users = static_cast<double>(one.users);
    const double minimum =
        plan.minimum_sample_size > 0 ? users / static_cast<double>(plan.minimum_sample_size) : 1;
    least = std::min({least, minimum, one.progress.value_or(1)});
  }
  return least;
}

}  // namespace

double information_of(const StoredTest& stored) noexcept {
  const auto most = stored.test.plan.maximum_sample_size;
  if (!most) return 0;
  return std::min(1.0, static_cast<double>(stored.test.users) / static_cast<double>(*most));
}

Report make_report(const Seen& seen) {
  const AbTest& test = seen.stored.test;
  Report report;
  report.test_id = test.test_id;
  report.status = test.status;
  report.status_reason = test.status_reason;
  report.calculated_at = seen.at;
  report.method = test.plan.method;
  report.primary_metric = test.plan.primary_metric;
  report.crossed_users = test.crossed_users;
  report.split = check_split(seen);
  report.variants = variants_of(seen);
  const int control = seen.stored.variant(kControl);
  for (const Line& line : lines_of(seen))
    for (std::size_t i = 0; i < test.plan.variants.size(); ++i)
      report.metrics.push_back(report_metric(seen, line, static_cast<int>(i), control));
  correct(test.plan, report, report.notes);
  const bool ended = test.status == TestStatus::completed;
  for (MetricReport& one : report.metrics) one.interval_only = ended && one.significant && !one.at_stop;
  report.guardrails = guardrails_of(test.plan, report);
  report.verdict = verdict_of(seen, report);
  report.progress = progress_of(test.plan, report);
  if (test.crossed_users > 0)
    report.notes.push_back(
        fmt::format("{} users were logged in two variants; they count in their first", test.crossed_users));
  return report;
}

EvidenceState take_look(const Seen& seen, const Report& report) {
  const Plan& plan = seen.stored.test.plan;
  EvidenceState state;
  state.split_p_value = report.split.p_value;
  const double information = information_of(seen.stored);
  for (const MetricReport& one : report.metrics) {
    if (one.role == MetricRole::found || one.variant == kControl) continue;
    const Evidence* before = find_evidence(seen.evidence, one.metric, one.variant);
    Evidence now = before != nullptr ? *before : Evidence{one.metric, one.variant, 1, {}, false};
    if (plan.method == SequentialMethod::group_sequential) {
      const auto planned = static_cast<double>(plan.looks);
      const double last = now.information.empty() ? 0 : now.information.back();
      // Looks are where the plan has them; one that comes late takes the place of those it missed.
      const bool due = std::floor(information * planned + 1e-9) > std::floor(last * planned + 1e-9);
      if (due && !now.crossed && one.fixed && one.fixed->testable && one.fixed->std_error > 0) {
        now.information.push_back(information);
        const double z = std::abs(one.fixed->effect / one.fixed->std_error);
        now.p_value = std::min(now.p_value, repeated_p_value(now.information, plan.spending, z));
        now.crossed = now.p_value <= alpha_of(plan);
      }
    } else if (one.p_value) {
      now.p_value = std::min(now.p_value, *one.p_value);
    }
    state.series.push_back(std::move(now));
  }
  return state;
}

}  // namespace tracseq::abtest
