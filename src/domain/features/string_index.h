// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tracseq::features {

// Numbers distinct strings 0, 1, 2 … in the order they are first seen; lookups allocate nothing.
// A value; concurrent lookups are fine, adding is for one thread.
class StringIndex {
 public:
  static constexpr std::int32_t kAbsent = -1;

  StringIndex();
  // The number of a string, a new one if it was not there.
  std::int32_t add(std::string_view text);
  // kAbsent if it is not there.
  [[nodiscard]] std::int32_t find(std::string_view text) const noexcept;
  [[nodiscard]] std::string_view text(std::int32_t number) const noexcept {
    const auto n = static_cast<std::size_t>(number);
    return {bytes_.data() + offsets_[n], offsets_[n + 1] - offsets_[n]};
  }
  [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  // The numbers in order of their strings (by byte, which for UTF-8 is by code point).
  [[nodiscard]] std::vector<std::int32_t> sorted() const;

 private:
  [[nodiscard]] std::size_t slot_of(std::string_view text, std::uint64_t hash) const noexcept;
  void grow();

  std::vector<std::int32_t> slots_;    // a power of two, at most half full
  std::vector<std::uint64_t> hashes_;  // by number
  std::vector<std::size_t> offsets_;
  std::string bytes_;
};

}  // namespace tracseq::features
