// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace tracseq::stats {

// Nodes and weights of Gauss and Legendre's rule on [−1, 1]: exact for polynomials up to degree 2n − 1.
// Computed by Newton's method from Tricomi's guesses, to the last digits; O(n²).
struct GaussLegendre {
  explicit GaussLegendre(std::size_t n);
  std::vector<double> nodes;  // ascending
  std::vector<double> weights;
};

}  // namespace tracseq::stats
