// SPDX-License-Identifier: MIT
#include "stats/always_valid.h"
#include "stats/bayes.h"
#include "stats/call.h"
#include "stats/group_sequential.h"

// Sequential and Bayesian functions by name.
namespace tracseq::stats {
namespace {

SpendingPlan plan_of(Arguments& in) {
  return {in.choice("spending", Spending::obrien_fleming), in.number("alpha", 0.05), in.number("phi", 2),
          in.boolean("one_sided", false)};
}

Result<std::vector<Look>> looks_of(std::span<const double> effects, std::span<const double> errors,
                                   std::span<const double> units) {
  if (errors.size() != effects.size())
    return fail_field("std_errors", "std_errors must be as many as effects");
  if (!units.empty() && units.size() != effects.size())
    return fail_field("units", "units must be as many as effects");
  std::vector<Look> looks;
  for (std::size_t i = 0; i < effects.size(); ++i)
    looks.push_back({effects[i], errors[i], units.empty() ? 0 : units[i]});
  return looks;
}

Result<Json> mixture_call(Arguments& in) {
  const auto effects = in.array("effects"), errors = in.array("std_errors");
  const double tau = in.number("tau"), alpha = in.number("alpha", 0.05);
  const bool intersect = in.boolean("intersect", false);
  return answer(in, [&]() -> Result<AlwaysValid> {
    TRACSEQ_TRY(const auto looks, looks_of(effects, errors, {}));
    return mixture_sprt(looks, tau, alpha, intersect);
  });
}

Result<Json> sequence_call(Arguments& in) {
  const auto effects = in.array("effects"), errors = in.array("std_errors"), units = in.array("units");
  const double tuned_for = in.number("tuned_for", 5000), alpha = in.number("alpha", 0.05);
  const bool intersect = in.boolean("intersect", false);
  return answer(in, [&]() -> Result<AlwaysValid> {
    TRACSEQ_TRY(const auto looks, looks_of(effects, errors, units));
    return confidence_sequence(looks, tuned_for, alpha, intersect);
  });
}

Result<Json> stopped_call(Arguments& in) {
  const auto information = in.array("information");
  const SpendingPlan plan = plan_of(in);
  const double effect = in.number("effect"), error = in.number("std_error"),
               confidence = in.number("confidence", 0.95);
  return answer(in, [&] { return stopped_estimate(information, plan, effect, error, confidence); });
}

Result<Json> best_call(Arguments& in) {
  const auto a = in.array("a"), b = in.array("b");
  return answer(in, [&]() -> Result<std::vector<double>> {
    if (a.size() != b.size()) return fail_field("b", "b must be as many as a");
    std::vector<BetaLaw> arms;
    for (std::size_t i = 0; i < a.size(); ++i) arms.push_back({a[i], b[i]});
    return probability_best(arms);
  });
}

constexpr Function kFunctions[] = {
    {"mixture_sprt", mixture_call},
    {"confidence_sequence", sequence_call},
    {"rate_sequence",
     [](Arguments& in) {
       const auto successes = in.integer("successes"), trials = in.integer("trials");
       const double alpha = in.number("alpha", 0.05), a = in.number("prior_a", 1),
                    b = in.number("prior_b", 1);
       return answer(in, [&] { return rate_sequence(successes, trials, alpha, a, b); });
     }},
    {"sequential_ratio",
     [](Arguments& in) {
       const auto counts = in.array("counts"), shares = in.array("shares");
       const double kappa = in.number("kappa", 1000);
       return answer(in, [&] { return sequential_ratio(counts, shares, kappa); });
     }},
    {"sequential_bounds",
     [](Arguments& in) {
       const auto information = in.array("information");
       const SpendingPlan plan = plan_of(in);
       return answer(in, [&] { return sequential_bounds(information, plan); });
     }},
    {"stopping_probabilities",
     [](Arguments& in) {
       const auto information = in.array("information"), bounds = in.array("bounds");
       const double theta = in.number("theta", 0);
       const bool one_sided = in.boolean("one_sided", false);
       return answer(in, [&] { return stopping_probabilities(information, bounds, theta, one_sided); });
     }},
    {"sequential_power",
     [](Arguments& in) {
       const auto information = in.array("information");
       const SpendingPlan plan = plan_of(in);
       const double power = in.number("power", 0.8);
       return answer(in, [&] { return sequential_power(information, plan, power); });
     }},
    {"stopped_estimate", stopped_call},
    {"bayes_rates",
     [](Arguments& in) {
       const BetaLaw a{in.number("a_alpha"), in.number("a_beta")},
           b{in.number("b_alpha"), in.number("b_beta")};
       return answer(in, [&] { return bayes_rates(a, b); });
     }},
    {"probability_best", best_call},
    {"bayes_normal",
     [](Arguments& in) {
       const double effect = in.number("effect"), error = in.number("std_error");
       const double mean = in.number("prior_mean", 0), sd = in.number("prior_sd", kInfinity);
       const double confidence = in.number("confidence", 0.95);
       return answer(in, [&] { return bayes_normal(effect, error, mean, sd, confidence); });
     }},
};

}  // namespace

std::span<const Function> sequential_functions() { return kFunctions; }

}  // namespace tracseq::stats
