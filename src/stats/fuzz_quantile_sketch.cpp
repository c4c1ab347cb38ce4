// SPDX-License-Identifier: MIT
// A stored sketch that is let in is encoded as itself, merges, and its quantiles grow.
// Built with: stats/quantile_sketch.cpp
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "stats/quantile_sketch.h"

using tracseq::stats::QuantileSketch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto sketch = QuantileSketch::decode({reinterpret_cast<const char*>(data), size});
  if (!sketch) return 0;
  TRACSEQ_ENSURE(sketch->count() >= 0);
  const std::string text = sketch->encode();
  const auto again = QuantileSketch::decode(text);
  TRACSEQ_ENSURE(again && again->count() == sketch->count() && again->encode() == text);
  double before = sketch->quantile(0);
  for (const double q : {0.01, 0.25, 0.5, 0.75, 0.99, 1.0}) {
    const double value = sketch->quantile(q);
    TRACSEQ_ENSURE(value >= before);
    before = value;
  }
  QuantileSketch merged;
  merged.add(1);
  if (sketch->count() < (1LL << 61)) merged.merge(*sketch);
  return 0;
}
