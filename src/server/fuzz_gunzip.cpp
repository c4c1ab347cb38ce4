// SPDX-License-Identifier: MIT
// Unpacking never gives more than it was allowed to, and packing it again comes back.
#include <cstdint>
#include <cstdlib>

#include "server/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 1UL << 20;
  const auto plain = tracseq::server::gunzip({reinterpret_cast<const char*>(data), size}, kMax);
  if (!plain) return 0;
  if (plain->size() > kMax) std::abort();
  const auto again = tracseq::server::gunzip(tracseq::server::gzip(*plain), kMax);
  if (!again || *again != *plain) std::abort();
  return 0;
}
