// SPDX-License-Identifier: MIT
#include "base/nearest.h"

#include <algorithm>

namespace tracseq {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known, std::size_t distance_max) {
  std::string best;
  std::size_t least = distance_max;
  for (const std::string& word : known) {
    const std::size_t d = distance(typed, word);
    if (d < least) least = d, best = word;
  }
  return best;
}

}  // namespace tracseq
