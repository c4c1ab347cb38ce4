// SPDX-License-Identifier: MIT
// A spool left by a crash may hold anything: reading it ends, and each step consumes something.
// Built with: domain/serving/spool.cpp
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/serving/spool.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  while (!bytes.empty()) {
    const std::size_t before = bytes.size();
    const auto record = tracseq::serving::decode_spool_record(bytes);
    if (!record) return 0;
    TRACSEQ_ENSURE(bytes.size() < before);
  }
  return 0;
}
