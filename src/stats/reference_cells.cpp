// SPDX-License-Identifier: MIT
#include "stats/reference_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/order_statistics.h"
#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(ReferenceCells)

Result<ReferenceCells> reference_cells(std::span<const double> reference, std::int64_t cells) {
  TRACSEQ_CHECK(check_sample("reference", reference));
  if (cells < 2 || cells > kReferenceCellsMost)
    return fail_field("cells", fmt::format("cells is {}; allowed are 2 to {}", cells, kReferenceCellsMost));
  const auto ordered = sorted(reference);
  const double share = static_cast<double>(ordered.size()) / static_cast<double>(cells);
  ReferenceCells out;
  std::vector<double> rest;  // what is no mass point
  rest.reserve(ordered.size());
  for (std::size_t i = 0; i < ordered.size();) {
    std::size_t end = i;
    while (end < ordered.size() && ordered[end] == ordered[i]) ++end;
    if (end - i > 1 && static_cast<double>(end - i) > share)
      out.masses.push_back(ordered[i]);
    else
      rest.insert(rest.end(), end - i, ordered[i]);
    i = end;
  }
  // The cells that are left are shared out among the rest, at least one.
  const auto held = static_cast<double>(ordered.size() - rest.size()) / share;
  const auto wanted = std::max<std::int64_t>(1, cells - static_cast<std::int64_t>(std::lround(held)));
  out.edges.push_back(ordered.front());
  for (std::int64_t i = 1; i < wanted && !rest.empty(); ++i) {
    const auto place = quantile_place(static_cast<std::int64_t>(rest.size()),
                                      static_cast<double>(i) / static_cast<double>(wanted));
    const auto low = static_cast<std::size_t>(place.low);
    const double edge = interpolate(rest[low], rest[std::min(low + 1, rest.size() - 1)], place.fraction);
    if (edge > out.edges.back() && edge < ordered.back()) out.edges.push_back(edge);
  }
  if (ordered.back() > out.edges.back()) out.edges.push_back(ordered.back());
  return out;
}

std::size_t cell_count(const ReferenceCells& cells) noexcept {
  return cells.edges.size() + 1 + cells.masses.size();
}

std::size_t cell_of(const ReferenceCells& cells, double value) noexcept {
  const auto mass = std::lower_bound(cells.masses.begin(), cells.masses.end(), value);
  if (mass != cells.masses.end() && *mass == value)
    return cells.edges.size() + 1 + static_cast<std::size_t>(mass - cells.masses.begin());
  const auto above = std::upper_bound(cells.edges.begin(), cells.edges.end(), value);
  const auto cell = static_cast<std::size_t>(above - cells.edges.begin());
  // The greatest value of the reference is inside, not outside.
  return cell == cells.edges.size() && cell > 1 && value == cells.edges.back() ? cell - 1 : cell;
}

Result<std::vector<double>> count_cells(const ReferenceCells& cells, std::span<const double> values) {
  for (const auto* list : {&cells.edges, &cells.masses})
    for (std::size_t i = 1; i < list->size(); ++i)
      if (!((*list)[i] > (*list)[i - 1]))
        return fail_field(
            "edges", fmt::format("edges and masses must ascend: {} follows {}", (*list)[i], (*list)[i - 1]));
  if (cells.edges.empty()) return fail_field("edges", "edges are empty; at least one is needed");
  std::vector<double> counts(cell_count(cells), 0);
  for (const double value : values) {
    if (!std::isfinite(value))
      return fail_field("values", fmt::format("values holds {}; count it apart", value));
    counts[cell_of(cells, value)] += 1;
  }
  return counts;
}

}  // namespace tracseq::stats
