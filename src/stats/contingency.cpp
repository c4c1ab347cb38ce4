// SPDX-License-Identifier: MIT
#include "stats/contingency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(TableTest)
TRACSEQ_DEFINE_TYPE(FisherTest)

namespace {

constexpr double kTotalMax = 9007199254740992;  // 2^53: every count up to it is exact
constexpr double kPermutedMax = 1e7;

// The table without its empty rows and columns, and its margins.
struct Margins {
  std::vector<double> counts, rows, columns;
  double total = 0;
};

Result<void> check(const Table& table) {
  if (table.rows < 1 || table.counts.empty() || table.counts.size() % table.rows != 0)
    return fail_field("counts",
                      fmt::format("counts has {} cells, which are not {} equal rows of at least one",
                                  table.counts.size(), table.rows));
  double total = 0;
  for (const double count : table.counts) {
    if (!(count >= 0) || !std::isfinite(count))
      return fail_field("counts", fmt::format("counts holds {}; allowed are numbers from 0", count));
    total += count;
  }
  if (!(total > 0) || total > kTotalMax)
    return fail_field("counts", fmt::format("counts sum to {}; allowed is above 0 and at most 2^53", total));
  return {};
}

Margins margins_of(const Table& table) {
  const std::size_t columns = table.counts.size() / table.rows;
  std::vector<double> row_sums(table.rows, 0), column_sums(columns, 0);
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    row_sums[i / columns] += table.counts[i];
    column_sums[i % columns] += table.counts[i];
  }
  Margins margins;
  for (std::size_t i = 0; i < table.counts.size(); ++i)
    if (row_sums[i / columns] > 0 && column_sums[i % columns] > 0) margins.counts.push_back(table.counts[i]);
  std::copy_if(row_sums.begin(), row_sums.end(), std::back_inserter(margins.rows),
               [](double s) { return s > 0; });
  std::copy_if(column_sums.begin(), column_sums.end(), std::back_inserter(margins.columns),
               [](double s) { return s > 0; });
  for (const double sum : margins.rows) margins.total += sum;
  return margins;
}

double expected_of(const Margins& m, std::size_t i) {
  return m.rows[i / m.columns.size()] * m.columns[i % m.columns.size()] / m.total;
}

double pearson(const Margins& m) {
  double sum = 0;
  for (std::size_t i = 0; i < m.counts.size(); ++i) {
    const double expected = expected_of(m, i);
    sum += (m.counts[i] - expected) * (m.counts[i] - expected) / expected;
  }
  return sum;
}

double likelihood_ratio(const Margins& m) {
  double sum = 0;
  for (std::size_t i = 0; i < m.counts.size(); ++i)
    if (m.counts[i] > 0) sum += m.counts[i] * std::log(m.counts[i] / expected_of(m, i));
  return 2 * sum;
}

bool breaks_cochran(const Margins& m) {
  const std::size_t cells = m.counts.size();
  std::size_t below_one = 0, below_five = 0, below_ten = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    const double expected = expected_of(m, i);
    below_one += expected < 1 ? 1U : 0U;
    below_five += expected < 5 ? 1U : 0U;
    below_ten += expected < 10 ? 1U : 0U;
  }
  return cells == 4 ? below_ten > 0 : below_one > 0 || 5 * below_five > cells;
}

Result<TableTest> test_table(const Table& table, const char* method, double (*statistic)(const Margins&)) {
  TRACSEQ_CHECK(check(table));
  const Margins margins = margins_of(table);
  TableTest answer;
  answer.method = method;
  if (margins.rows.size() < 2 || margins.columns.size() < 2) {
    answer.testable = false;
    answer.reason = fmt::format("{} rows and {} columns hold anything; at least 2 of each are needed",
                                margins.rows.size(), margins.columns.size());
    return answer;
  }
  answer.statistic = statistic(margins);
  answer.dof = static_cast<double>((margins.rows.size() - 1) * (margins.columns.size() - 1));
  answer.p_value = chi2_tail(answer.statistic, answer.dof);
  const auto least = static_cast<double>(std::min(margins.rows.size(), margins.columns.size()) - 1);
  answer.cramers_v = std::sqrt(pearson(margins) / (margins.total * least));
  answer.expected_least = *std::min_element(margins.rows.begin(), margins.rows.end()) *
                          *std::min_element(margins.columns.begin(), margins.columns.end()) / margins.total;
  answer.sparse = breaks_cochran(margins);
  return answer;
}

}  // namespace

Result<TableTest> chi2_homogeneity(const Table& table) {
  return test_table(table, "chi-square, homogeneity", pearson);
}

Result<TableTest> g_test(const Table& table) { return test_table(table, "G, homogeneity", likelihood_ratio); }

Result<TableTest> chi2_goodness(std::span<const double> counts, std::span<const double> shares) {
  TRACSEQ_CHECK(check(Table{{counts.begin(), counts.end()}, 1}));
  if (shares.size() != counts.size())
    return fail_field("shares", fmt::format("shares has {} values, counts {}; there must be as many",
                                            shares.size(), counts.size()));
  double total = 0, whole = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!(shares[i] >= 0) || !std::isfinite(shares[i]))
      return fail_field("shares", fmt::format("shares[{}] is {}; allowed are numbers from 0", i, shares[i]));
    total += counts[i];
    whole += shares[i];
  }
  if (!(whole > 0)) return fail_field("shares", "shares are all 0; at least one must be above");
  TableTest answer;
  answer.method = "chi-square, goodness of fit";
  answer.statistic = 0;
  answer.dof = -1;
  answer.expected_least = kInfinity;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i] / whole;
    if (shares[i] == 0) {
      if (counts[i] > 0) answer.statistic = kInfinity;
      continue;
    }
    answer.dof += 1;
    answer.expected_least = std::min(answer.expected_least, expected);
    answer.statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  answer.sparse = answer.expected_least < 5;
  if (std::isinf(answer.statistic)) {
    answer.p_value = 0;
  } else if (answer.dof < 1) {
    answer.testable = false;
    answer.reason = "only one share is above 0: every count fits";
  } else {
    answer.p_value = chi2_tail(answer.statistic, answer.dof);
    answer.cramers_v = std::sqrt(answer.statistic / (total * answer.dof));
  }
  return answer;
}

Result<TableTest> chi2_permutation(const Table& table, std::int64_t permutations, std::uint64_t seed) {
  TRACSEQ_TRY(TableTest answer, chi2_homogeneity(table));
  if (permutations < 100 || permutations > 1'000'000)
    return fail_field("permutations",
                      fmt::format("permutations is {}; allowed are 100 to 1000000", permutations));
  answer.method = "chi-square, homogeneity, permutation";
  if (!answer.testable) return answer;
  Margins margins = margins_of(table);
  if (margins.total > kPermutedMax)
    return fail_field("counts",
                      fmt::format("counts sum to {}; permuted are at most {}", margins.total, kPermutedMax));
  for (const double count : margins.counts)
    if (count != std::floor(count))
      return fail_field("counts", fmt::format("counts holds {}; only whole counts can be permuted", count));
  std::vector<std::uint32_t> column_of, row_of;
  const std::size_t columns = margins.columns.size();
  for (std::size_t i = 0; i < margins.counts.size(); ++i) {
    column_of.insert(column_of.end(), static_cast<std::size_t>(margins.counts[i]),
                     static_cast<std::uint32_t>(i % columns));
    row_of.insert(row_of.end(), static_cast<std::size_t>(margins.counts[i]),
                  static_cast<std::uint32_t>(i / columns));
  }
  std::mt19937_64 random(seed);
  std::int64_t extreme = 0;
  for (std::int64_t round = 0; round < permutations; ++round) {
    std::fill(margins.counts.begin(), margins.counts.end(), 0);
    for (std::size_t i = column_of.size(); i-- > 0;) {
      // Lemire's reduction: the same choices on every platform, unlike std::shuffle.
      __extension__ using Wide = unsigned __int128;
      std::swap(column_of[i],
                column_of[static_cast<std::size_t>(static_cast<Wide>(random()) * (i + 1) >> 64)]);
      margins.counts[row_of[i] * columns + column_of[i]] += 1;
    }
    if (pearson(margins) >= answer.statistic * (1 - 1e-12)) ++extreme;
  }
  answer.p_value = static_cast<double>(1 + extreme) / static_cast<double>(1 + permutations);
  return answer;
}

namespace {

// Weights of the hypergeometric law relative to its mode, from which they fall on both sides: no factorial is
// needed and nothing overflows. Far tails underflow to 0.
struct Hypergeometric {
  double low = 0;
  std::vector<double> weights;
  double total = 0;
  [[nodiscard]] double at(double x) const { return weights[static_cast<std::size_t>(x - low)] / total; }
};

Hypergeometric hypergeometric(double row, double column, double n) {
  Hypergeometric law;
  law.low = std::max(0.0, row + column - n);
  const double high = std::min(row, column);
  law.weights.assign(static_cast<std::size_t>(high - law.low) + 1, 0);
  const double mode = std::clamp(std::floor((row + 1) * (column + 1) / (n + 2)), law.low, high);
  const auto up = [&](double x) { return (row - x) * (column - x) / ((x + 1) * (n - row - column + x + 1)); };
  law.weights[static_cast<std::size_t>(mode - law.low)] = 1;
  for (double x = mode, w = 1; x < high && w > 0; ++x)
    law.weights[static_cast<std::size_t>(x + 1 - law.low)] = w *= up(x);
  for (double x = mode, w = 1; x > law.low && w > 0; --x)
    law.weights[static_cast<std::size_t>(x - 1 - law.low)] = w /= up(x - 1);
  for (const double weight : law.weights) law.total += weight;
  return law;
}

constexpr double kFisherMarginMax = 1e7;

}  // namespace

Result<FisherTest> fisher_exact(const Table& table, Alternative alternative) {
  TRACSEQ_CHECK(check(table));
  if (table.rows != 2 || table.counts.size() != 4)
    return fail_field("counts", fmt::format("counts has {} cells in {} rows; a 2 x 2 table is needed",
                                            table.counts.size(), table.rows));
  const auto& c = table.counts;
  for (const double count : c)
    if (count != std::floor(count))
      return fail_field("counts", fmt::format("counts holds {}; allowed are whole numbers", count));
  const double n = c[0] + c[1] + c[2] + c[3];
  const double row = c[0] + c[1], column = c[0] + c[2];
  if (std::min(std::min(row, n - row), std::min(column, n - column)) > kFisherMarginMax)
    return fail_field("counts",
                      fmt::format("the smallest margin is above {}: take chi-square", kFisherMarginMax));
  const Hypergeometric law = hypergeometric(row, column, n);
  const double limit = law.at(c[0]) * (1 + 1e-7);
  double lower = 0, upper = 0, two_sided = 0;
  for (std::size_t i = 0; i < law.weights.size(); ++i) {
    const double x = law.low + static_cast<double>(i), weight = law.weights[i] / law.total;
    if (x <= c[0]) lower += weight;
    if (x >= c[0]) upper += weight;
    if (weight <= limit) two_sided += weight;
  }
  FisherTest answer;
  answer.odds_ratio = c[0] * c[3] / (c[1] * c[2]);
  answer.p_value = std::min(1.0, alternative == Alternative::less      ? lower
                                 : alternative == Alternative::greater ? upper
                                                                       : two_sided);
  return answer;
}

}  // namespace tracseq::stats
