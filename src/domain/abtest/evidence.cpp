// SPDX-License-Identifier: MIT
#include "domain/abtest/evidence.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "stats/always_valid.h"
#include "stats/group_sequential.h"

namespace tracseq::abtest {
namespace {

constexpr int kBisections = 40;
constexpr double kAlphaLeast = 1e-12;
constexpr double kAlphaMost = 0.499;

double alpha_of(const Plan& plan) { return 1 - plan.confidence_level; }

void always_valid(const Seen& seen, const stats::Comparison& test, double control_value, std::int64_t units,
                  MetricReport& into) {
  const Plan& plan = seen.stored.test.plan;
  const std::vector<stats::Look> looks{{test.effect, test.std_error, static_cast<double>(units)}};
  const double scale = std::abs(control_value);
  const double tau = plan.mixture_sd.value_or(plan.minimum_detectable_effect) * (scale > 0 ? scale : 1);
  const auto answer =
      plan.method == SequentialMethod::msprt
          ? stats::mixture_sprt(looks, tau, alpha_of(plan), false)
          : stats::confidence_sequence(looks, static_cast<double>(plan.tuned_for), alpha_of(plan), false);
  if (!answer) {
    into.reason = answer.error().message;
    return;
  }
  into.low = answer->low.back();
  into.high = answer->high.back();
  const Evidence* before = find_evidence(seen.evidence, into.metric, into.variant);
  into.p_value = std::min(answer->p_values.back(), before != nullptr ? before->p_value : 1.0);
}

void group_sequential(const Seen& seen, const stats::Comparison& test, MetricReport& into) {
  const Plan& plan = seen.stored.test.plan;
  const Evidence* before = find_evidence(seen.evidence, into.metric, into.variant);
  if (before == nullptr || before->information.empty()) {
    into.reason = fmt::format("the first of {} planned looks has not been taken", plan.looks);
    return;
  }
  into.p_value = before->p_value;
  const stats::SpendingPlan spending{plan.spending, alpha_of(plan), 2, false};
  const auto bounds = stats::sequential_bounds(before->information, spending);
  if (!bounds) return;
  const double reach = bounds->z.back() * test.std_error;
  into.low = test.effect - reach;
  into.high = test.effect + reach;
  if (!before->crossed) return;
  if (auto stopped = stats::stopped_estimate(before->information, spending, test.effect, test.std_error,
                                             plan.confidence_level))
    into.at_stop = *stopped;
}

// One look at the planned end.
void fixed_horizon(const Seen& seen, const stats::Comparison& test, MetricReport& into) {
  const AbTest& t = seen.stored.test;
  const bool enough = t.plan.maximum_sample_size && t.users >= *t.plan.maximum_sample_size;
  const bool over =
      t.started_at &&
      seen.at - *t.started_at >=
          std::chrono::microseconds(static_cast<std::int64_t>(t.plan.planned_duration_days * 86'400e6));
  if (!enough && !over) {
    into.reason = "the method is fixed: nothing is decided before the planned end";
    return;
  }
  into.p_value = test.p_value;
  into.low = test.low;
  into.high = test.high;
}

}  // namespace

const Evidence* find_evidence(const EvidenceState& state, const std::string& metric,
                              const std::string& variant) {
  for (const Evidence& one : state.series)
    if (one.metric == metric && one.variant == variant) return &one;
  return nullptr;
}

void judge(const Seen& seen, const stats::Comparison& test, double control_value, std::int64_t units,
           MetricReport& into) {
  switch (seen.stored.test.plan.method) {
    case SequentialMethod::group_sequential:
      if (std::isfinite(test.std_error) && test.std_error > 0) return group_sequential(seen, test, into);
      break;
    case SequentialMethod::fixed:
      return fixed_horizon(seen, test, into);
    default:
      if (std::isfinite(test.std_error) && test.std_error > 0)
        return always_valid(seen, test, control_value, units, into);
  }
  into.reason = "no variance yet: every user has the same value";
}

double repeated_p_value(const std::vector<double>& information, stats::Spending spending, double z) {
  const auto stops = [&](double alpha) {
    const auto bounds = stats::sequential_bounds(information, {spending, alpha, 2, false});
    return bounds && z >= bounds->z.back();
  };
  if (!stops(kAlphaMost)) return 1;
  double low = std::log(kAlphaLeast), high = std::log(kAlphaMost);
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2;
    (stops(std::exp(middle)) ? high : low) = middle;
  }
  return std::exp(high);
}

}  // namespace tracseq::abtest
