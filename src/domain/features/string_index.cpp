// SPDX-License-Identifier: MIT
#include "domain/features/string_index.h"

#include <xxhash.h>

#include <algorithm>
#include <numeric>

namespace tracseq::features {
namespace {

constexpr std::size_t kSlotsAtStart = 64;

std::uint64_t hash_of(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

StringIndex::StringIndex() : slots_(kSlotsAtStart, kAbsent), offsets_{0} {}

std::size_t StringIndex::slot_of(std::string_view wanted, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    const std::int32_t number = slots_[slot];
    if (number == kAbsent) return slot;
    if (hashes_[static_cast<std::size_t>(number)] == hash && text(number) == wanted) return slot;
  }
}

std::int32_t StringIndex::find(std::string_view wanted) const noexcept {
  return slots_[slot_of(wanted, hash_of(wanted))];
}

std::int32_t StringIndex::add(std::string_view wanted) {
  const std::uint64_t hash = hash_of(wanted);
  std::size_t slot = slot_of(wanted, hash);
  if (slots_[slot] != kAbsent) return slots_[slot];
  if (hashes_.size() * 2 >= slots_.size()) {
    grow();
    slot = slot_of(wanted, hash);
  }
  const auto number = static_cast<std::int32_t>(hashes_.size());
  slots_[slot] = number;
  hashes_.push_back(hash);
  bytes_.append(wanted);
  offsets_.push_back(bytes_.size());
  return number;
}

void StringIndex::grow() {
  std::vector<std::int32_t> larger(slots_.size() * 2, kAbsent);
  const std::size_t mask = larger.size() - 1;
  for (std::size_t number = 0; number < hashes_.size(); ++number) {
    std::size_t slot = hashes_[number] & mask;
    while (larger[slot] != kAbsent) slot = (slot + 1) & mask;
    larger[slot] = static_cast<std::int32_t>(number);
  }
  slots_ = std::move(larger);
}

std::vector<std::int32_t> StringIndex::sorted() const {
  std::vector<std::int32_t> numbers(size());
  std::iota(numbers.begin(), numbers.end(), 0);
  std::sort(numbers.begin(), numbers.end(),
            [&](std::int32_t a, std::int32_t b) { return text(a) < text(b); });
  return numbers;
}

}  // namespace tracseq::features
