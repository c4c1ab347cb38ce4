// SPDX-License-Identifier: MIT
#include "stats/multiplicity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(Correction)
TRACSEQ_DEFINE_TYPE(Corrected)

namespace {

// What the p-value of rank i (from 1) of m is multiplied with.
double factor(Correction correction, double i, double m, double harmonic) {
  switch (correction) {
    case Correction::holm:
    case Correction::hochberg:
      return m - i + 1;
    case Correction::benjamini_hochberg:
      return m / i;
    case Correction::benjamini_yekutieli:
      return harmonic * m / i;
    case Correction::bonferroni:
      return m;
    case Correction::none:
    case Correction::sidak:
      break;
  }
  return 1;
}

}  // namespace

Result<Corrected> correct(std::span<const double> p_values, Correction correction) {
  Corrected out;
  out.p_values.assign(p_values.size(), kNaN);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (std::isnan(p_values[i])) {
      ++out.dropped;
      continue;
    }
    if (!(p_values[i] >= 0 && p_values[i] <= 1))
      return fail_field("p_values",
                        fmt::format("p_values[{}] is {}; allowed are 0 to 1 and NaN", i, p_values[i]));
    order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return p_values[a] != p_values[b] ? p_values[a] < p_values[b] : a < b;
  });
  const auto m = static_cast<double>(order.size());
  double harmonic = 0;
  for (double k = 1; k <= m; ++k) harmonic += 1 / k;
  const auto raw = [&](std::size_t rank) {
    const double p = p_values[order[rank - 1]], i = static_cast<double>(rank);
    if (correction == Correction::sidak) return -std::expm1(m * std::log1p(-p));
    return std::min(1.0, p * factor(correction, i, m, harmonic));
  };
  const bool step_up = correction == Correction::hochberg || correction == Correction::benjamini_hochberg ||
                       correction == Correction::benjamini_yekutieli;
  // Step-up values may not rise towards the small ones, step-down values not fall away from them; the others
  // are in order already, but for `none` and Bonferroni's equal ones, which the same rule keeps.
  double bound = step_up ? 1 : 0;
  for (std::size_t k = 1; k <= order.size(); ++k) {
    const std::size_t rank = step_up ? order.size() - k + 1 : k;
    bound = step_up ? std::min(bound, raw(rank)) : std::max(bound, raw(rank));
    out.p_values[order[rank - 1]] = bound;
  }
  return out;
}

Result<std::vector<double>> reject_e_values(std::span<const double> e_values, double alpha) {
  TRACSEQ_CHECK(check_between("alpha", alpha, 0, 1));
  std::vector<double> ordered;
  for (std::size_t i = 0; i < e_values.size(); ++i) {
    if (e_values[i] < 0)
      return fail_field("e_values",
                        fmt::format("e_values[{}] is {}; allowed are numbers from 0", i, e_values[i]));
    if (!std::isnan(e_values[i])) ordered.push_back(e_values[i]);
  }
  std::sort(ordered.begin(), ordered.end(), std::greater<>());
  const auto m = static_cast<double>(ordered.size());
  double least = kInfinity;
  bool any = false;
  for (std::size_t k = 1; k <= ordered.size(); ++k)
    if (ordered[k - 1] >= m / (static_cast<double>(k) * alpha)) {
      least = ordered[k - 1];
      any = true;
    }
  std::vector<double> out;
  for (const double e : e_values) out.push_back(any && e >= least ? 1 : 0);
  return out;
}

}  // namespace tracseq::stats
