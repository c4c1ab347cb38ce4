// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

// The laws that the tests are judged by: thin names over Boost.Math, which stays out of every other header.
// No function throws; an argument outside of the law's domain answers NaN. Upper tails are computed as such,
// never as 1 − p, so that small p-values keep their digits. Thread-safe.
namespace tracseq::stats {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

double normal_density(double z) noexcept;
double normal_cdf(double z) noexcept;
double normal_tail(double z) noexcept;          // P(Z > z)
double normal_upper(double p) noexcept;         // z with P(Z > z) = p; p in [0, 1]
double t_tail(double t, double dof) noexcept;   // P(T > t); dof may be any positive number or infinite
double t_upper(double p, double dof) noexcept;  // t with P(T > t) = p
double chi2_tail(double x, double dof) noexcept;
double chi2_upper(double p, double dof) noexcept;
double beta_cdf(double x, double a, double b) noexcept;
double beta_tail(double x, double a, double b) noexcept;
double beta_quantile(double p, double a, double b) noexcept;
double binomial_cdf(double k, double n, double p) noexcept;   // P(X ≤ k); 0 for k < 0, 1 for k ≥ n
double binomial_tail(double k, double n, double p) noexcept;  // P(X > k)
// P(T ≤ t) of Student's law with noncentrality `delta`, and its upper tail.
double noncentral_t_cdf(double t, double dof, double delta) noexcept;
double noncentral_t_tail(double t, double dof, double delta) noexcept;
double log_gamma(double x) noexcept;  // of x > 0; thread-safe, unlike lgamma()
double log_beta(double a, double b) noexcept;
double bessel_k(double order, double x) noexcept;
// Kolmogorov's limit law: P(sup|B| > x) of the Brownian bridge. 1 for x ≤ 0.
double kolmogorov_tail(double x) noexcept;

}  // namespace tracseq::stats
