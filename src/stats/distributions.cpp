// SPDX-License-Identifier: MIT
#include "stats/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

namespace tracseq::stats {
namespace {

namespace bm = boost::math;
namespace policies = boost::math::policies;

using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>, policies::underflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>, policies::rounding_error<policies::ignore_error>>;

bool probability(double p) noexcept { return p >= 0 && p <= 1; }

}  // namespace

double normal_density(double z) noexcept {
  return std::exp(-0.5 * z * z) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}
double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }
double normal_tail(double z) noexcept { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double normal_upper(double p) noexcept {
  if (!probability(p)) return kNaN;
  if (p == 0) return kInfinity;
  if (p == 1) return -kInfinity;
  return std::numbers::sqrt2 * bm::erfc_inv(2 * p, Quiet());
}

double t_tail(double t, double dof) noexcept {
  if (!(dof > 0) || std::isnan(t)) return kNaN;
  if (std::isinf(dof)) return normal_tail(t);
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return bm::cdf(bm::complement(bm::students_t_distribution<double, Quiet>(dof), t));
}

double t_upper(double p, double dof) noexcept {
  if (!probability(p) || !(dof > 0)) return kNaN;
  if (std::isinf(dof)) return normal_upper(p);
  if (p == 0) return kInfinity;
  if (p == 1) return -kInfinity;
  return bm::quantile(bm::complement(bm::students_t_distribution<double, Quiet>(dof), p));
}

double chi2_tail(double x, double dof) noexcept {
  if (!(dof > 0) || std::isnan(x)) return kNaN;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return bm::gamma_q(dof / 2, x / 2, Quiet());
}

double chi2_upper(double p, double dof) noexcept {
  if (!probability(p) || !(dof > 0)) return kNaN;
  if (p == 0) return kInfinity;
  if (p == 1) return 0;
  return 2 * bm::gamma_q_inv(dof / 2, p, Quiet());
}

double beta_cdf(double x, double a, double b) noexcept {
  if (!(a > 0) || !(b > 0) || std::isnan(x)) return kNaN;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return bm::ibeta(a, b, x, Quiet());
}

double beta_tail(double x, double a, double b) noexcept {
  if (!(a > 0) || !(b > 0) || std::isnan(x)) return kNaN;
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  return bm::ibetac(a, b, x, Quiet());
}

double beta_quantile(double p, double a, double b) noexcept {
  if (!probability(p) || !(a > 0) || !(b > 0)) return kNaN;
  return bm::ibeta_inv(a, b, p, Quiet());
}

double binomial_cdf(double k, double n, double p) noexcept {
  if (!probability(p) || !(n >= 0)) return kNaN;
  if (k < 0) return 0;
  if (k >= n) return 1;
  return beta_tail(p, std::floor(k) + 1, n - std::floor(k));
}

double binomial_tail(double k, double n, double p) noexcept {
  if (!probability(p) || !(n >= 0)) return kNaN;
  if (k < 0) return 1;
  if (k >= n) return 0;
  return beta_cdf(p, std::floor(k) + 1, n - std::floor(k));
}

double noncentral_t_cdf(double t, double dof, double delta) noexcept {
  if (!(dof > 0) || std::isnan(t) || !std::isfinite(delta)) return kNaN;
  return bm::cdf(bm::non_central_t_distribution<double, Quiet>(dof, delta), t);
}

double noncentral_t_tail(double t, double dof, double delta) noexcept {
  if (!(dof > 0) || std::isnan(t) || !std::isfinite(delta)) return kNaN;
  return bm::cdf(bm::complement(bm::non_central_t_distribution<double, Quiet>(dof, delta), t));
}

double log_gamma(double x) noexcept { return x > 0 ? bm::lgamma(x, Quiet()) : kNaN; }

double log_beta(double a, double b) noexcept { return log_gamma(a) + log_gamma(b) - log_gamma(a + b); }

double bessel_k(double order, double x) noexcept {
  return x > 0 ? bm::cyl_bessel_k(order, x, Quiet()) : kNaN;
}

double kolmogorov_tail(double x) noexcept {
  if (std::isnan(x)) return kNaN;
  if (x <= 0.04) return 1;  // the other tail is below 1e-300 here
  if (x < 0.8) {            // the theta function's other expansion, which converges at once where x is small
    const double w = std::numbers::pi * std::numbers::pi / (8 * x * x);
    double sum = 0;
    for (int k = 1; k <= 9; k += 2) sum += std::exp(-w * k * k);
    return 1 - sum * std::sqrt(2 * std::numbers::pi) / x;
  }
  double sum = 0;
  for (int j = 1; j <= 12; ++j) sum += (j % 2 == 1 ? 2 : -2) * std::exp(-2.0 * j * j * x * x);
  return sum;
}

}  // namespace tracseq::stats
