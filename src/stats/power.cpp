// SPDX-License-Identifier: MIT
#include "stats/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(SampleSize)

namespace {

constexpr double kUnitsMost = 1e15;
constexpr int kSteps = 200;
constexpr double kDeltaMost = 60;

Result<void> check(const PowerDesign& design) {
  TRACSEQ_CHECK(check_between("alpha", design.alpha, 0, 1));
  return check_between("ratio", design.ratio, 0, kInfinity);
}

Result<void> check_size(double n, const PowerDesign& design) {
  if (n >= 2 && n * design.ratio >= 2 && n <= kUnitsMost && n * design.ratio <= kUnitsMost) return {};
  return fail_field(
      "n", fmt::format("n is {} with ratio {}; allowed are arms of 2 to 1e15 units", n, design.ratio));
}

double means(double effect, double sd, double n, const PowerDesign& design) {
  const double m = n * design.ratio, dof = n + m - 2;
  const double delta = std::abs(effect) / sd * std::sqrt(n * m / (n + m));
  // Boost's series do not reach that far; with so many degrees of freedom the power is 1 to the last bit.
  if (delta > kDeltaMost && dof > 1000) return 1;
  if (design.one_sided) return noncentral_t_tail(t_upper(design.alpha, dof), dof, delta);
  const double critical = t_upper(design.alpha / 2, dof);
  return noncentral_t_tail(critical, dof, delta) + noncentral_t_cdf(-critical, dof, delta);
}

double proportions(double p1, double p2, double n, bool pooled, const PowerDesign& design) {
  const double m = n * design.ratio;
  const double middle = (n * p1 + m * p2) / (n + m);
  const double under_effect = std::sqrt(p1 * (1 - p1) / n + p2 * (1 - p2) / m);
  const double under_null = pooled ? std::sqrt(middle * (1 - middle) * (1 / n + 1 / m)) : under_effect;
  const double z = normal_upper(design.one_sided ? design.alpha : design.alpha / 2);
  return normal_tail((z * under_null - std::abs(p1 - p2)) / under_effect);
}

// The x in [low, high] where a growing function reaches `wanted`, to the last bit.
double solve(const std::function<double(double)>& grows, double wanted, double low, double high) {
  for (int i = 0; i < kSteps; ++i) {
    const double middle = low > 0 && high / low > 4 ? std::sqrt(low * high) : low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (grows(middle) < wanted ? low : high) = middle;
  }
  return high;
}

Result<SampleSize> size_for(const std::function<double(double)>& power_at, double power,
                            const PowerDesign& design) {
  TRACSEQ_CHECK(check_between("power", power, 0, 1));
  const double least = std::max(2.0, 2 / design.ratio), most = kUnitsMost / std::max(1.0, design.ratio);
  if (power_at(most) < power)
    return fail_field(
        "power", fmt::format("power {} is not reached by {} units: the effect is too small", power, most));
  SampleSize out;
  out.n_exact = power_at(least) >= power ? least : solve(power_at, power, least, most);
  out.treatment = std::ceil(out.n_exact * (1 - 1e-12));
  out.control = std::ceil(out.n_exact * design.ratio * (1 - 1e-12));
  out.total = out.treatment + out.control;
  out.power = power_at(out.treatment);
  return out;
}

Result<void> check_rates(double p_treatment, double p_control) {
  TRACSEQ_CHECK(check_between("p_treatment", p_treatment, 0, 1));
  return check_between("p_control", p_control, 0, 1);
}

}  // namespace

Result<double> power_means(double effect, double sd, double n, const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_size(n, design));
  TRACSEQ_CHECK(check_between("sd", sd, 0, kInfinity));
  TRACSEQ_CHECK(check_between("effect", effect, -kInfinity, kInfinity));
  return means(effect, sd, n, design);
}

Result<double> power_proportions(double p_treatment, double p_control, double n, bool pooled,
                                 const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_size(n, design));
  TRACSEQ_CHECK(check_rates(p_treatment, p_control));
  return proportions(p_treatment, p_control, n, pooled, design);
}

Result<SampleSize> sample_size_means(double effect, double sd, double power, const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_between("sd", sd, 0, kInfinity));
  if (effect == 0 || !std::isfinite(effect))
    return fail_field("effect", fmt::format("effect is {}; allowed are finite numbers but 0", effect));
  return size_for([&](double n) { return means(effect, sd, n, design); }, power, design);
}

Result<SampleSize> sample_size_proportions(double p_treatment, double p_control, double power, bool pooled,
                                           const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_rates(p_treatment, p_control));
  if (p_treatment == p_control)
    return fail_field("p_treatment", "p_treatment equals p_control: there is no effect to find");
  return size_for([&](double n) { return proportions(p_treatment, p_control, n, pooled, design); }, power,
                  design);
}

Result<double> detectable_means(double sd, double n, double power, const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_size(n, design));
  TRACSEQ_CHECK(check_between("sd", sd, 0, kInfinity));
  TRACSEQ_CHECK(check_between("power", power, design.alpha, 1));
  // 40 standard errors are found with any power a double can tell from 1, but at the smallest sizes.
  double high = 40 * std::sqrt((1 + 1 / design.ratio) / n);
  for (int i = 0; i < 60 && !(means(high, 1, n, design) >= power); ++i) high *= 2;
  return sd * solve([&](double effect) { return means(effect, 1, n, design); }, power, 0, high);
}

Result<double> detectable_proportion(double p_control, double n, double power, bool pooled,
                                     const PowerDesign& design) {
  TRACSEQ_CHECK(check(design));
  TRACSEQ_CHECK(check_size(n, design));
  TRACSEQ_CHECK(check_between("p_control", p_control, 0, 1));
  TRACSEQ_CHECK(check_between("power", power, design.alpha, 1));
  const double most = (1 - p_control) * (1 - 1e-12);
  const auto at = [&](double effect) {
    return proportions(p_control + effect, p_control, n, pooled, design);
  };
  if (!(at(most) >= power))
    return fail_field("n",
                      fmt::format("n is {}: no rate above {} is found with power {}", n, p_control, power));
  return solve(at, power, 0, most);
}

Result<double> duration_days(double total, double per_day, double share) {
  TRACSEQ_CHECK(check_between("total", total, 0, kInfinity));
  TRACSEQ_CHECK(check_between("per_day", per_day, 0, kInfinity));
  if (!(share > 0 && share <= 1))
    return fail_field("share", fmt::format("share is {}; allowed is above 0 up to 1", share));
  return total / (per_day * share);
}

}  // namespace tracseq::stats
