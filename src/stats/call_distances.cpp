// SPDX-License-Identifier: MIT
#include "stats/call.h"
#include "stats/distances.h"
#include "stats/kolmogorov_smirnov.h"
#include "stats/reference_cells.h"

// Distances, their null laws and the cells they are counted in, by name.
namespace tracseq::stats {
namespace {

ReferenceCells cells_of(Arguments& in) {
  const auto edges = in.array("edges"), masses = in.optional_array("masses");
  return {{edges.begin(), edges.end()}, {masses.begin(), masses.end()}};
}

constexpr Function kFunctions[] = {
    {"cell_distances",
     [](Arguments& in) {
       const auto current = in.array("current"), reference = in.array("reference");
       return answer(in, [&] { return cell_distances(current, reference); });
     }},
    {"sample_distances",
     [](Arguments& in) {
       const auto current = in.array("current"), reference = in.array("reference");
       return answer(in, [&] { return sample_distances(current, reference); });
     }},
    {"null_thresholds",
     [](Arguments& in) {
       const double n = in.number("n"), m = in.number("m"), occupied = in.number("occupied");
       const double alpha = in.number("alpha", 0.05);
       return answer(in, [&] { return null_thresholds(n, m, occupied, alpha); });
     }},
    {"distance_p_values",
     [](Arguments& in) {
       const auto current = in.array("current"), reference = in.array("reference");
       const auto draws = in.integer("draws", 9999), seed = in.integer("seed", 0);
       return answer(in, [&] {
         return distance_p_values(current, reference, draws, static_cast<std::uint64_t>(seed));
       });
     }},
    {"ks_critical",
     [](Arguments& in) {
       const double alpha = in.number("alpha", 0.05), n = in.number("n"), m = in.number("m");
       return answer(in, [&]() -> Result<double> {
         TRACSEQ_CHECK(check_between("alpha", alpha, 0, 1));
         TRACSEQ_CHECK(check_between("n", n, 0, kInfinity));
         TRACSEQ_CHECK(check_between("m", m, 0, kInfinity));
         return ks_critical(alpha, n, m);
       });
     }},
    {"reference_cells",
     [](Arguments& in) {
       const auto reference = in.array("reference");
       const auto cells = in.integer("cells", 10);
       return answer(in, [&] { return reference_cells(reference, cells); });
     }},
    {"count_cells",
     [](Arguments& in) {
       const ReferenceCells cells = cells_of(in);
       const auto values = in.array("values");
       return answer(in, [&] { return count_cells(cells, values); });
     }},
};

}  // namespace

std::span<const Function> distance_functions() { return kFunctions; }

}  // namespace tracseq::stats
