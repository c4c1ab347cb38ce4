// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "stats/comparison.h"

namespace tracseq::stats {

// Counts, row by row: rows × columns of them, none negative, their sum between 1 and 2^53.
struct Table {
  std::vector<double> counts;
  std::size_t rows = 2;
};

struct TableTest {
  std::string method;
  bool testable = true;
  std::string reason;
  double statistic = kNaN;
  double dof = kNaN;
  double p_value = kNaN;
  double cramers_v = kNaN;  // √(χ²/(N·min(rows − 1, columns − 1))), the effect
  double expected_least = kNaN;
  bool sparse = false;  // Cochran's rule is broken (2×2: an expected count below 10; larger: more than a
                        // fifth below 5, or one below 1): the χ² law is off, permute or take an exact test
};
TRACSEQ_DESCRIBE(TableTest,
                 (method, testable, reason, statistic, dof, p_value, cramers_v, expected_least, sparse))

// Pearson's χ² of homogeneity, without continuity correction; empty rows and columns are left out, and with
// fewer than two of either there is nothing to test. Both samples are taken as samples: the reference is not
// the law.
Result<TableTest> chi2_homogeneity(const Table& table);
// Likelihood ratio 2Σ O ln(O/E) (Wilks 1938), the same expected counts and degrees of freedom.
Result<TableTest> g_test(const Table& table);
// χ² of counts against shares that are known (they are scaled to sum 1; not all zero). Arms of share 0 are
// not counted in the degrees of freedom; anything seen there is impossible: statistic ∞, p 0 (definitions.md
// D13).
Result<TableTest> chi2_goodness(std::span<const double> counts, std::span<const double> shares);

// The same by random tables with the given margins (rows are permuted): (1 + tables as extreme)/(1 +
// permutations). Deterministic by the seed; cost permutations × N, N ≤ 10⁷, permutations 100 … 10⁶.
Result<TableTest> chi2_permutation(const Table& table, std::int64_t permutations, std::uint64_t seed);

struct FisherTest {
  double odds_ratio = kNaN;  // of the sample: ad/(bc)
  double p_value = kNaN;
};
TRACSEQ_DESCRIBE(FisherTest, (odds_ratio, p_value))
// Fisher's exact test of a 2×2 table (a b; c d): two-sided sums what is no likelier than the table seen, ties
// within 1e-7 (as R). Counts are whole numbers ≥ 0. Cost grows with the smallest margin.
Result<FisherTest> fisher_exact(const Table& table, Alternative alternative = Alternative::two_sided);

}  // namespace tracseq::stats
