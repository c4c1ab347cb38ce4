// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq {

// A stream of bytes that is pulled: a request's body, a stored artifact. Used by one thread. `read` fills at
// most the buffer and returns how much; 0 is the end. After an error nothing more may be read.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

// A source over text it owns.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// Reads to the end. `too_large` beyond `bytes_max`.
Result<std::string> read_all(ByteSource& source, std::size_t bytes_max);

}  // namespace tracseq
