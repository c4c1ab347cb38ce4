// SPDX-License-Identifier: MIT
#include "base/byte_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tracseq {
namespace {
constexpr std::size_t kChunkBytes = 64UL << 10;
}

Result<std::size_t> TextSource::read(std::span<std::byte> buffer) {
  const std::size_t count = std::min(buffer.size(), text_.size() - at_);
  std::memcpy(buffer.data(), text_.data() + at_, count);
  at_ += count;
  return count;
}

Result<std::string> read_all(ByteSource& source, std::size_t bytes_max) {
  std::string all;
  while (true) {
    const std::size_t before = all.size();
    all.resize(before + kChunkBytes);
    TRACSEQ_TRY(const std::size_t count,
                source.read({reinterpret_cast<std::byte*>(all.data()) + before, kChunkBytes}));
    all.resize(before + count);
    if (count == 0) return all;
    if (all.size() > bytes_max)
      return fail(Code::too_large, fmt::format("the content is larger than {} bytes", bytes_max));
  }
}

}  // namespace tracseq
