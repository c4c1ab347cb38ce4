// SPDX-License-Identifier: MIT
#include "stats/call.h"
#include "stats/compare_means.h"
#include "stats/contingency.h"
#include "stats/kolmogorov_smirnov.h"
#include "stats/mann_whitney.h"
#include "stats/proportions.h"

// Tests of two samples by name.
namespace tracseq::stats {
namespace {

TestOptions test_options(Arguments& in) {
  return {in.choice("alternative", Alternative::two_sided), in.number("confidence", 0.95)};
}

// Moments of an array; of {count, mean, m2} where the caller has no values any more.
Result<Moments> moments_of(const char* field, std::span<const double> values, bool from_moments) {
  Moments moments;
  if (from_moments) {
    if (values.size() != 3)
      return fail_field(field, std::string(field) + " must be count, mean, sum of squared deviations");
    moments.count = static_cast<std::int64_t>(values[0]);
    moments.mean = values[1];
    moments.m2 = values[2];
    return moments;
  }
  TRACSEQ_CHECK(check_sample(field, values));
  moments.add_block(values);
  return moments;
}

template <class F>
Result<Json> mean_test(Arguments& in, F test) {
  const auto a = in.array("a"), b = in.array("b");
  const bool from_moments = in.boolean("moments", false);
  const TestOptions options = test_options(in);
  return answer(in, [&]() -> Result<Comparison> {
    TRACSEQ_TRY(const Moments first, moments_of("a", a, from_moments));
    TRACSEQ_TRY(const Moments second, moments_of("b", b, from_moments));
    return test(first, second, options);
  });
}

Proportion proportion(Arguments& in, const char* successes, const char* trials) {
  return {in.integer(successes), in.integer(trials)};
}

template <class F>
Result<Json> two_proportions(Arguments& in, F interval) {
  const Proportion a = proportion(in, "successes_a", "trials_a"),
                   b = proportion(in, "successes_b", "trials_b");
  const double confidence = in.number("confidence", 0.95);
  return answer(in, [&] { return interval(a, b, confidence); });
}

template <class F>
Result<Json> one_proportion(Arguments& in, F interval) {
  const Proportion a = proportion(in, "successes", "trials");
  const double confidence = in.number("confidence", 0.95);
  return answer(in, [&] { return interval(a, confidence); });
}

Table table_of(Arguments& in) {
  const auto counts = in.array("counts");
  return {{counts.begin(), counts.end()},
          static_cast<std::size_t>(std::max<std::int64_t>(0, in.integer("rows", 2)))};
}

constexpr Function kFunctions[] = {
    {"welch", [](Arguments& in) { return mean_test(in, welch_test); }},
    {"student", [](Arguments& in) { return mean_test(in, student_test); }},
    {"two_proportions",
     [](Arguments& in) {
       const Proportion a = proportion(in, "successes_a", "trials_a"),
                        b = proportion(in, "successes_b", "trials_b");
       const TestOptions options = test_options(in);
       return answer(in, [&] { return two_proportion_test(a, b, options); });
     }},
    {"newcombe_interval", [](Arguments& in) { return two_proportions(in, newcombe_interval); }},
    {"miettinen_nurminen_interval",
     [](Arguments& in) { return two_proportions(in, miettinen_nurminen_interval); }},
    {"wilson_interval", [](Arguments& in) { return one_proportion(in, wilson_interval); }},
    {"clopper_pearson_interval", [](Arguments& in) { return one_proportion(in, clopper_pearson_interval); }},
    {"fisher_exact",
     [](Arguments& in) {
       const Table table = table_of(in);
       const auto alternative = in.choice("alternative", Alternative::two_sided);
       return answer(in, [&] { return fisher_exact(table, alternative); });
     }},
    {"chi2_homogeneity",
     [](Arguments& in) {
       const Table table = table_of(in);
       return answer(in, [&] { return chi2_homogeneity(table); });
     }},
    {"chi2_permutation",
     [](Arguments& in) {
       const Table table = table_of(in);
       const auto permutations = in.integer("permutations", 9999), seed = in.integer("seed", 0);
       return answer(in,
                     [&] { return chi2_permutation(table, permutations, static_cast<std::uint64_t>(seed)); });
     }},
    {"g_test",
     [](Arguments& in) {
       const Table table = table_of(in);
       return answer(in, [&] { return g_test(table); });
     }},
    {"chi2_goodness",
     [](Arguments& in) {
       const auto counts = in.array("counts"), shares = in.array("shares");
       return answer(in, [&] { return chi2_goodness(counts, shares); });
     }},
    {"mann_whitney",
     [](Arguments& in) {
       const auto a = in.array("a"), b = in.array("b");
       const auto alternative = in.choice("alternative", Alternative::two_sided);
       const auto method = in.choice("method", RankMethod::automatic);
       return answer(in, [&] { return mann_whitney(a, b, alternative, method); });
     }},
    {"ks",
     [](Arguments& in) {
       const auto a = in.array("a"), b = in.array("b");
       const auto method = in.choice("method", KsMethod::automatic);
       return answer(in, [&] { return ks_test(a, b, method); });
     }},
};

}  // namespace

std::span<const Function> test_functions() { return kFunctions; }

}  // namespace tracseq::stats
