// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "domain/features/transformation.h"

// Where single values become features; tables and single rows both come through here.
namespace tracseq::features {

inline double numeric_value(const NumericStep& step, double x) noexcept {
  if (!std::isfinite(x)) x = step.fill;
  if (step.low && x < *step.low) x = *step.low;
  if (step.high && x > *step.high) x = *step.high;
  if (step.factor) return x * *step.factor + *step.offset;
  return (x - step.center) / step.scale;
}

inline double code_value(const CategoricalStep& step, std::int32_t code, std::size_t class_index) noexcept {
  if (step.encoding != Encoding::target) return code;  // kAbsent is −1, which is the value of the unknown
  if (code == StringIndex::kAbsent) return step.unknown_values[class_index];
  return step.values[static_cast<std::size_t>(code) * step.unknown_values.size() + class_index];
}

inline std::size_t classes_of(const CategoricalStep& step) noexcept {
  return std::max<std::size_t>(step.classes.size(), 1);
}

}  // namespace tracseq::features
