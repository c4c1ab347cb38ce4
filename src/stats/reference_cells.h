// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "stats/comparison.h"

namespace tracseq::stats {

// The cells a numeric feature is counted in, fixed once on the reference: quantile edges, and a cell of its
// own for every value that holds more than one cell's share (definitions.md D28). Cell 0 lies below the
// reference's least value and the last one above its greatest, so that what leaves the range shows. A value
// that is a mass point belongs to the point's cell; any other to the range between two edges it lies in.
struct ReferenceCells {
  std::vector<double> edges;  // ascending, at least one; cell i is [edges[i−1], edges[i]), the last inner one
                              // closed above; cell 0 and cell edges.size() are what lies outside
  std::vector<double> masses;  // ascending; their cells come after the edges' ones
};
TRACSEQ_DESCRIBE(ReferenceCells, (edges, masses))

inline constexpr std::int64_t kReferenceCellsMost = 1000;

// `cells` quantile cells, 2 … kReferenceCellsMost; fewer where values repeat.
Result<ReferenceCells> reference_cells(std::span<const double> reference, std::int64_t cells);
// How many cells there are: edges + 1, and one for each mass point.
std::size_t cell_count(const ReferenceCells& cells) noexcept;
// The cell of a value; not for NaN.
std::size_t cell_of(const ReferenceCells& cells, double value) noexcept;
// Counts of finite values; `invalid` for cells that are not ascending.
Result<std::vector<double>> count_cells(const ReferenceCells& cells, std::span<const double> values);

}  // namespace tracseq::stats
