// SPDX-License-Identifier: MIT
#include "stats/call.h"
#include "stats/multiplicity.h"
#include "stats/power.h"

// Corrections and plans by name.
namespace tracseq::stats {
namespace {

PowerDesign design_of(Arguments& in) {
  return {in.number("alpha", 0.05), in.number("ratio", 1), in.boolean("one_sided", false)};
}

constexpr Function kFunctions[] = {
    {"correct",
     [](Arguments& in) {
       const auto p_values = in.array("p_values");
       const auto correction = in.choice("correction", Correction::holm);
       return answer(in, [&] { return correct(p_values, correction); });
     }},
    {"reject_e_values",
     [](Arguments& in) {
       const auto e_values = in.array("e_values");
       const double alpha = in.number("alpha", 0.05);
       return answer(in, [&] { return reject_e_values(e_values, alpha); });
     }},
    {"power_means",
     [](Arguments& in) {
       const double effect = in.number("effect"), sd = in.number("sd"), n = in.number("n");
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return power_means(effect, sd, n, design); });
     }},
    {"power_proportions",
     [](Arguments& in) {
       const double p1 = in.number("p_treatment"), p2 = in.number("p_control"), n = in.number("n");
       const bool pooled = in.boolean("pooled", true);
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return power_proportions(p1, p2, n, pooled, design); });
     }},
    {"sample_size_means",
     [](Arguments& in) {
       const double effect = in.number("effect"), sd = in.number("sd"), power = in.number("power", 0.8);
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return sample_size_means(effect, sd, power, design); });
     }},
    {"sample_size_proportions",
     [](Arguments& in) {
       const double p1 = in.number("p_treatment"), p2 = in.number("p_control"),
                    power = in.number("power", 0.8);
       const bool pooled = in.boolean("pooled", true);
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return sample_size_proportions(p1, p2, power, pooled, design); });
     }},
    {"detectable_means",
     [](Arguments& in) {
       const double sd = in.number("sd"), n = in.number("n"), power = in.number("power", 0.8);
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return detectable_means(sd, n, power, design); });
     }},
    {"detectable_proportion",
     [](Arguments& in) {
       const double p = in.number("p_control"), n = in.number("n"), power = in.number("power", 0.8);
       const bool pooled = in.boolean("pooled", true);
       const PowerDesign design = design_of(in);
       return answer(in, [&] { return detectable_proportion(p, n, power, pooled, design); });
     }},
    {"duration_days",
     [](Arguments& in) {
       const double total = in.number("total"), per_day = in.number("per_day"), share = in.number("share", 1);
       return answer(in, [&] { return duration_days(total, per_day, share); });
     }},
};

}  // namespace

std::span<const Function> planning_functions() { return kFunctions; }

}  // namespace tracseq::stats
