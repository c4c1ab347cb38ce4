// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace tracseq {

// A value that is not interchangeable with others of the same representation: ids, names, versions.
template <class Tag, class Rep = std::string>
class Strong {
 public:
  using rep = Rep;
  Strong() = default;
  explicit Strong(Rep value) : value_(std::move(value)) {}
  [[nodiscard]] const Rep& value() const noexcept { return value_; }
  friend auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

}  // namespace tracseq
