// SPDX-License-Identifier: MIT
#include "base/id.h"

#include <array>
#include <atomic>
#include <chrono>

#include "base/crypto.h"

namespace tracseq {
namespace {

// The last (milliseconds << 12 | counter) given out, so that ids of one process never go backwards.
std::atomic<std::uint64_t> last_tick{0};

std::uint64_t next_tick() noexcept {
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                 std::chrono::system_clock::now().time_since_epoch())
                                                 .count());
  std::uint64_t seen = last_tick.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = std::max(ms << 12, seen + 1);
  } while (!last_tick.compare_exchange_weak(seen, next, std::memory_order_relaxed));
  return next;
}

}  // namespace

std::string new_id() {
  const std::uint64_t tick = next_tick();
  std::array<unsigned char, 16> id{};
  random_bytes({reinterpret_cast<std::byte*>(id.data()) + 8, 8});
  const std::uint64_t ms = tick >> 12;
  for (int i = 0; i < 6; ++i)
    id[static_cast<std::size_t>(i)] = static_cast<unsigned char>(ms >> (40 - 8 * i));
  id[6] = static_cast<unsigned char>(0x70U | ((tick >> 8) & 0x0FU));
  id[7] = static_cast<unsigned char>(tick & 0xFFU);
  id[8] = static_cast<unsigned char>((id[8] & 0x3FU) | 0x80U);
  return hex({reinterpret_cast<const std::byte*>(id.data()), id.size()});
}

bool is_id(std::string_view text) noexcept {
  if (text.size() != 32) return false;
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

}  // namespace tracseq
