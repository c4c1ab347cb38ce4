// SPDX-License-Identifier: MIT
#include "stats/gauss_legendre.h"

#include <cmath>
#include <numbers>

namespace tracseq::stats {

GaussLegendre::GaussLegendre(std::size_t n) : nodes(n, 0), weights(n, 2) {
  const auto size = static_cast<double>(n);
  for (std::size_t i = 0; i < (n + 1) / 2; ++i) {
    double x = (1 - (size - 1) / (8 * size * size * size)) *
               std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (size + 0.5));
    double slope = 0;
    for (int step = 0; step < 10; ++step) {
      double before = 1, here = x;
      for (std::size_t k = 2; k <= n; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = ((2 * degree - 1) * x * here - (degree - 1) * before) / degree;
        before = here;
        here = next;
      }
      if (n == 1) before = 1, here = x;
      slope = size * (x * here - before) / (x * x - 1);
      const double move = here / slope;
      x -= move;
      if (std::abs(move) < 1e-15) break;
    }
    nodes[i] = -x;
    nodes[n - 1 - i] = x;
    weights[i] = weights[n - 1 - i] = 2 / ((1 - x * x) * slope * slope);
  }
}

}  // namespace tracseq::stats
