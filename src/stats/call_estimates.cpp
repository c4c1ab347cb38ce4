// SPDX-License-Identifier: MIT
#include "stats/call.h"
#include "stats/compare_means.h"
#include "stats/effects.h"
#include "stats/omnibus.h"
#include "stats/quantile_estimate.h"

// Estimates, effects and omnibus tests by name.
namespace tracseq::stats {
namespace {

TestOptions test_options(Arguments& in) {
  return {in.choice("alternative", Alternative::two_sided), in.number("confidence", 0.95)};
}

// An arm from arrays y and x of one unit each, or of its moments {count, mean_y, mean_x, m2_y, m2_x, cross}.
Result<PairMoments> arm_of(const char* field, std::span<const double> y, std::span<const double> x,
                           bool moments) {
  PairMoments out;
  if (moments) {
    if (y.size() != 6)
      return fail_field(field, std::string(field) + " must be count, mean_y, mean_x, m2_y, m2_x, cross");
    return PairMoments{static_cast<std::int64_t>(y[0]), y[1], y[2], y[3], y[4], y[5]};
  }
  TRACSEQ_CHECK(check_sample(field, y));
  if (x.size() != y.size())
    return fail_field(field, std::string(field) + " needs a second value for each unit");
  TRACSEQ_CHECK(check_sample(field, x));
  for (std::size_t i = 0; i < y.size(); ++i) out.add(y[i], x[i]);
  return out;
}

template <class F>
Result<Json> two_arms(Arguments& in, F test) {
  const auto a = in.array("a"), b = in.array("b"), xa = in.optional_array("a_x"),
             xb = in.optional_array("b_x");
  const bool moments = in.boolean("moments", false);
  const TestOptions options = test_options(in);
  return answer(in, [&]() -> decltype(test(PairMoments{}, PairMoments{}, options)) {
    TRACSEQ_TRY(const PairMoments first, arm_of("a", a, xa, moments));
    TRACSEQ_TRY(const PairMoments second, arm_of("b", b, xb, moments));
    return test(first, second, options);
  });
}

template <class F>
Result<Json> two_samples(Arguments& in, F test) {
  const auto a = in.array("a"), b = in.array("b");
  return answer(in, [&] { return test(a, b); });
}

template <class F>
Result<Json> margin(Arguments& in, F test) {
  const double effect = in.number("effect"), se = in.number("std_error"), margin = in.number("margin");
  const double confidence = in.number("confidence", 0.95), dof = in.number("dof", kInfinity);
  return answer(in, [&] { return test(effect, se, margin, confidence, dof); });
}

Result<Json> estimate_call(Arguments& in) {
  const double effect = in.number("effect"), se = in.number("std_error"), dof = in.number("dof", kInfinity);
  const TestOptions options = test_options(in);
  return answer(in, [&] { return estimate_test("estimate", effect, se, dof, options); });
}

Result<Json> fieller(Arguments& in) {
  const double a = in.number("mean_a"), sa = in.number("se_a"), b = in.number("mean_b"),
               sb = in.number("se_b");
  const double confidence = in.number("confidence", 0.95), dof = in.number("dof", kInfinity);
  return answer(in, [&] { return fieller_lift(a, sa, b, sb, confidence, dof); });
}

Result<Json> delta(Arguments& in) {
  const double a = in.number("mean_a"), sa = in.number("se_a"), b = in.number("mean_b"),
               sb = in.number("se_b");
  const double confidence = in.number("confidence", 0.95);
  return answer(in, [&] { return delta_lift(a, sa, b, sb, confidence); });
}

Result<QuantileEstimate> quantile_of(std::span<const double> values, std::span<const double> clusters,
                                     double q, double confidence) {
  return clusters.empty() ? quantile_estimate(values, q, confidence)
                          : clustered_quantile_estimate(values, clusters, q, confidence);
}

Result<Json> quantile_call(Arguments& in) {
  const auto values = in.array("values"), clusters = in.optional_array("clusters");
  const double q = in.number("q"), confidence = in.number("confidence", 0.95);
  return answer(in, [&] { return quantile_of(values, clusters, q, confidence); });
}

Result<Json> quantile_difference(Arguments& in) {
  const auto a = in.array("a"), b = in.array("b"), ca = in.optional_array("a_clusters"),
             cb = in.optional_array("b_clusters");
  const double q = in.number("q");
  const TestOptions options = test_options(in);
  return answer(in, [&]() -> Result<Comparison> {
    TRACSEQ_TRY(const QuantileEstimate first, quantile_of(a, ca, q, options.confidence));
    TRACSEQ_TRY(const QuantileEstimate second, quantile_of(b, cb, q, options.confidence));
    return quantile_test(first, second, options);
  });
}

Result<Json> anderson(Arguments& in) {
  const auto values = in.array("values"), sizes = in.array("sizes");
  return answer(in, [&]() -> Result<OmnibusTest> {
    std::vector<std::vector<double>> samples;
    std::size_t at = 0;
    for (const double size : sizes) {
      if (!(size >= 1) || size > static_cast<double>(values.size() - at))
        return fail_field("sizes", "sizes do not divide the values into samples");
      samples.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(at),
                           values.begin() + static_cast<std::ptrdiff_t>(at + static_cast<std::size_t>(size)));
      at += static_cast<std::size_t>(size);
    }
    if (at != values.size()) return fail_field("sizes", "sizes do not divide the values into samples");
    return anderson_darling(samples);
  });
}

constexpr Function kFunctions[] = {
    {"cramer_von_mises", [](Arguments& in) { return two_samples(in, cramer_von_mises); }},
    {"epps_singleton", [](Arguments& in) { return two_samples(in, epps_singleton); }},
    {"anderson_darling", anderson},
    {"estimate_test", estimate_call},
    {"ratio_estimate",
     [](Arguments& in) {
       const auto y = in.array("a"), x = in.optional_array("a_x");
       const bool moments = in.boolean("moments", false);
       return answer(in, [&]() -> Result<RatioEstimate> {
         TRACSEQ_TRY(const PairMoments arm, arm_of("a", y, x, moments));
         return ratio_estimate(arm);
       });
     }},
    {"ratio_test", [](Arguments& in) { return two_arms(in, ratio_test); }},
    {"cuped_test", [](Arguments& in) { return two_arms(in, cuped_test); }},
    {"moments",
     [](Arguments& in) {
       const auto y = in.array("a"), x = in.optional_array("a_x");
       return answer(in, [&] { return arm_of("a", y, x.empty() ? y : x, false); });
     }},
    {"fieller_lift", fieller},
    {"delta_lift", delta},
    {"non_inferiority", [](Arguments& in) { return margin(in, non_inferiority); }},
    {"equivalence", [](Arguments& in) { return margin(in, equivalence); }},
    {"winsorize",
     [](Arguments& in) {
       const auto values = in.array("values");
       const double low = in.number("low"), high = in.number("high");
       return answer(in, [&] { return winsorize(values, low, high); });
     }},
    {"quantile_ranks",
     [](Arguments& in) {
       const std::int64_t n = in.integer("n");
       const double q = in.number("q"), confidence = in.number("confidence", 0.95);
       return answer(in, [&] { return quantile_ranks(n, q, confidence); });
     }},
    {"quantile", quantile_call},
    {"quantile_difference", quantile_difference},
};

}  // namespace

std::span<const Function> estimate_functions() { return kFunctions; }

}  // namespace tracseq::stats
