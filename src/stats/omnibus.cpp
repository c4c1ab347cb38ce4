// SPDX-License-Identifier: MIT
#include "stats/omnibus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "stats/order_statistics.h"
#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(OmnibusTest)

namespace {

// P(ω² ≤ x) of the limit law (Csörgő and Faraway 1996, eq. 1.2).
double cramer_limit_cdf(double x) {
  double sum = 0;
  for (int k = 0; k < 60; ++k) {
    const double y = 4 * k + 1, q = y * y / (16 * x);
    const double term = std::exp(log_gamma(k + 0.5) - log_gamma(k + 1.0)) /
                        (std::pow(std::numbers::pi, 1.5) * std::sqrt(x)) * std::sqrt(y) * std::exp(-q) *
                        bessel_k(0.25, q);
    sum += term;
    if (term < 1e-17) break;
  }
  return sum;
}

// Σ over the values of one sample of (mid-rank in both − mid-rank in its own − what comes before)².
double squared_rank_gaps(std::span<const double> one, std::span<const double> other) {
  double sum = 0;
  std::size_t j_low = 0, j_high = 0;
  for (std::size_t i = 0; i < one.size();) {
    std::size_t end = i;
    while (end < one.size() && one[end] == one[i]) ++end;
    while (j_low < other.size() && other[j_low] < one[i]) ++j_low;
    j_high = std::max(j_high, j_low);
    while (j_high < other.size() && other[j_high] == one[i]) ++j_high;
    const auto group = static_cast<double>(end - i + j_high - j_low);
    const double rank = static_cast<double>(i + j_low) + (group + 1) / 2;
    for (std::size_t k = i; k < end; ++k) {
      const double gap = rank - static_cast<double>(k + 1);
      sum += gap * gap;
    }
    i = end;
  }
  return sum;
}

OmnibusTest untestable(const char* method, std::string reason) {
  OmnibusTest answer;
  answer.method = method;
  answer.testable = false;
  answer.reason = std::move(reason);
  return answer;
}

}  // namespace

Result<OmnibusTest> cramer_von_mises(std::span<const double> a, std::span<const double> b) {
  TRACSEQ_CHECK(check_sample("a", a, 2));
  TRACSEQ_CHECK(check_sample("b", b, 2));
  const auto x = sorted(a), y = sorted(b);
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size()), k = n * m, total = n + m;
  OmnibusTest answer;
  answer.method = "Cramér–von Mises, limit law";
  const double u = n * squared_rank_gaps(x, y) + m * squared_rank_gaps(y, x);
  answer.statistic = u / (k * total) - (4 * k - 1) / (6 * total);
  const double mean = (1 + 1 / total) / 6;
  const double variance =
      (total + 1) * (4 * k * total - 3 * (n * n + m * m) - 2 * k) / (45 * total * total * 4 * k);
  const double limit = 1.0 / 6 + (answer.statistic - mean) / std::sqrt(45 * variance);
  answer.p_value = limit < 0.003 ? 1 : std::clamp(1 - cramer_limit_cdf(limit), 0.0, 1.0);
  return answer;
}

namespace {

// The variance of A²kN (Scholz and Stephens 1987, eq. 4), N values in samples of these sizes.
double anderson_variance(double n, double k, double inverse_sizes) {
  double h = 0, g = 0;
  for (double i = 1; i < n; ++i) h += 1 / i;
  // Σ_{i=1}^{N−2} Σ_{j=i+1}^{N−1} 1/((N − i) j): the inner sum is a running one.
  double inner = 0;
  for (double i = n - 2; i >= 1; --i) {
    inner += 1 / (i + 1);
    g += inner / (n - i);
  }
  const double a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse_sizes;
  const double b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse_sizes - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse_sizes + 4 * h;
  const double d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * n + b) * n + c) * n + d) / ((n - 1) * (n - 2) * (n - 3));
}

double anderson_midrank(std::span<const std::vector<double>> samples, const std::vector<double>& pooled) {
  const auto n = static_cast<double>(pooled.size());
  double sum = 0;
  for (const auto& sample : samples) {
    const auto size = static_cast<double>(sample.size());
    double inner = 0;
    std::size_t below = 0;  // of the sample
    for (std::size_t at = 0; at < pooled.size();) {
      std::size_t end = at;
      while (end < pooled.size() && pooled[end] == pooled[at]) ++end;
      std::size_t through = below;
      while (through < sample.size() && sample[through] == pooled[at]) ++through;
      const auto ties = static_cast<double>(end - at);
      const double place = static_cast<double>(at) + ties / 2;
      const double mine = static_cast<double>(below) + static_cast<double>(through - below) / 2;
      const double gap = n * mine - size * place;
      const double weight = place * (n - place) - n * ties / 4;
      if (weight > 0) inner += ties / n * gap * gap / weight;
      below = through;
      at = end;
    }
    sum += inner / size;
  }
  return sum * (n - 1) / n;
}

// The parabola through (x, y) of least squares, by its normal equations about the mean of x.
std::array<double, 3> fit_parabola(std::span<const double> x, std::span<const double> y) {
  double centre = 0;
  for (const double v : x) centre += v / static_cast<double>(x.size());
  std::array<std::array<double, 4>, 3> rows{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::array<double, 3> powers{1, x[i] - centre, (x[i] - centre) * (x[i] - centre)};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) rows[r][c] += powers[r] * powers[c];
      rows[r][3] += powers[r] * y[i];
    }
  }
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t r = 0; r < 3; ++r) {
      if (r == p) continue;
      const double factor = rows[r][p] / rows[p][p];
      for (std::size_t c = p; c < 4; ++c) rows[r][c] -= factor * rows[p][c];
    }
  const double a = rows[0][3] / rows[0][0], b = rows[1][3] / rows[1][1], c = rows[2][3] / rows[2][2];
  return {a - b * centre + c * centre * centre, b - 2 * c * centre, c};
}

// Scholz and Stephens 1987, table 2: critical values are b0 + b1/√m + b2/m with m = k − 1.
constexpr std::array<double, 7> kLevels{0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001};
constexpr std::array<double, 7> kB0{0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085};
constexpr std::array<double, 7> kB1{-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615};
constexpr std::array<double, 7> kB2{-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154};

double anderson_p(double statistic, double m) {
  std::array<double, 7> critical{}, logs{};
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    critical[i] = kB0[i] + kB1[i] / std::sqrt(m) + kB2[i] / m;
    logs[i] = std::log(kLevels[i]);
  }
  const auto [c0, c1, c2] = fit_parabola(critical, logs);
  return std::min(1.0, std::exp(c0 + c1 * statistic + c2 * statistic * statistic));
}

}  // namespace

Result<OmnibusTest> anderson_darling(std::span<const std::vector<double>> samples) {
  constexpr const char* kMethod = "Anderson–Darling, k samples, mid-ranks";
  if (samples.size() < 2) return fail_field("samples", "samples needs at least 2");
  std::vector<std::vector<double>> ordered;
  std::vector<double> pooled;
  double inverse_sizes = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    TRACSEQ_CHECK(check_sample(fmt::format("samples[{}]", i).c_str(), samples[i]));
    ordered.push_back(sorted(samples[i]));
    pooled.insert(pooled.end(), samples[i].begin(), samples[i].end());
    inverse_sizes += 1 / static_cast<double>(samples[i].size());
  }
  sort_numbers(pooled);
  if (pooled.size() < 4) return untestable(kMethod, "fewer than 4 values in all");
  if (pooled.front() == pooled.back()) return untestable(kMethod, "all values are the same");
  const auto k = static_cast<double>(samples.size());
  const double variance = anderson_variance(static_cast<double>(pooled.size()), k, inverse_sizes);
  OmnibusTest answer;
  answer.method = kMethod;
  answer.statistic = (anderson_midrank(ordered, pooled) - (k - 1)) / std::sqrt(variance);
  answer.p_value = anderson_p(answer.statistic, k - 1);
  return answer;
}

namespace {

using Row = std::array<double, 4>;
using Matrix = std::array<Row, 4>;

struct Characteristic {
  Row mean{};
  Matrix covariance{};
};

Characteristic characteristic(std::span<const double> values, double sigma) {
  const auto row_of = [&](double x) -> Row {
    const double s = 0.4 / sigma * x, t = 0.8 / sigma * x;
    return {std::cos(s), std::cos(t), std::sin(s), std::sin(t)};
  };
  Characteristic out;
  const auto n = static_cast<double>(values.size());
  for (const double x : values) {
    const Row row = row_of(x);
    for (std::size_t i = 0; i < 4; ++i) out.mean[i] += row[i] / n;
  }
  for (const double x : values) {
    const Row row = row_of(x);
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j)
        out.covariance[i][j] += (row[i] - out.mean[i]) * (row[j] - out.mean[j]) / n;
  }
  return out;
}

// vᵀ M⁻¹ v by Cholesky; negative where M is not positive definite to working precision.
double inverse_form(Matrix m, Row v) {
  double largest = 0, sum = 0;
  for (std::size_t i = 0; i < 4; ++i) largest = std::max(largest, m[i][i]);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = m[i][j];
      for (std::size_t k = 0; k < j; ++k) rest -= m[i][k] * m[j][k];
      if (i != j) {
        m[i][j] = rest / m[j][j];
        continue;
      }
      if (!(rest > 1e-13 * largest)) return -1;
      m[i][i] = std::sqrt(rest);
    }
    double rest = v[i];
    for (std::size_t k = 0; k < i; ++k) rest -= m[i][k] * v[k];
    v[i] = rest / m[i][i];
    sum += v[i] * v[i];
  }
  return sum;
}

}  // namespace

Result<OmnibusTest> epps_singleton(std::span<const double> a, std::span<const double> b) {
  constexpr const char* kMethod = "Epps–Singleton";
  TRACSEQ_CHECK(check_sample("a", a, 5));
  TRACSEQ_CHECK(check_sample("b", b, 5));
  std::vector<double> pooled(a.begin(), a.end());
  pooled.insert(pooled.end(), b.begin(), b.end());
  sort_numbers(pooled);
  const auto quantile = [&](double q) {
    const auto place = quantile_place(static_cast<std::int64_t>(pooled.size()), q);
    const auto low = static_cast<std::size_t>(place.low);
    return interpolate(pooled[low], pooled[std::min(low + 1, pooled.size() - 1)], place.fraction);
  };
  const double sigma = (quantile(0.75) - quantile(0.25)) / 2;
  if (!(sigma > 0)) return untestable(kMethod, "half of the values are the same: there is no scale");
  const Characteristic x = characteristic(a, sigma), y = characteristic(b, sigma);
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size()), total = n + m;
  Matrix covariance{};
  Row difference{};
  for (std::size_t i = 0; i < 4; ++i) {
    difference[i] = x.mean[i] - y.mean[i];
    for (std::size_t j = 0; j < 4; ++j)
      covariance[i][j] = total / n * x.covariance[i][j] + total / m * y.covariance[i][j];
  }
  const double form = inverse_form(covariance, difference);
  if (form < 0)
    return untestable(kMethod, "the characteristic functions do not vary enough: the covariance is singular");
  OmnibusTest answer;
  answer.method = kMethod;
  answer.statistic = total * form;
  if (std::max(n, m) < 25)
    answer.statistic /= 1 + std::pow(total, -0.45) + 10.1 * (std::pow(n, -1.7) + std::pow(m, -1.7));
  answer.dof = 4;
  answer.p_value = chi2_tail(answer.statistic, answer.dof);
  return answer;
}

}  // namespace tracseq::stats
