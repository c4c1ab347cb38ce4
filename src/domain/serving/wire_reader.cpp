// SPDX-License-Identifier: MIT
#include "domain/serving/wire_reader.h"

namespace tracseq::serving {
namespace {

constexpr unsigned kVarint = 0;
constexpr unsigned kFixed64 = 1;
constexpr unsigned kBytes = 2;
constexpr unsigned kFixed32 = 5;

}  // namespace

bool WireReader::take_varint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) return false;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

bool WireReader::take_fixed(std::size_t size) {
  if (rest_.size() < size) return false;
  number_ = 0;
  for (std::size_t i = size; i > 0; --i) number_ = (number_ << 8U) | static_cast<unsigned char>(rest_[i - 1]);
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::next() {
  if (broken_ || rest_.empty()) return false;
  std::uint64_t tag = 0;
  bool fine = take_varint(rest_, tag);
  field_ = tag >> 3U;
  wire_ = static_cast<unsigned>(tag & 7U);
  bytes_ = {};
  number_ = 0;
  fine = fine && field_ != 0;
  if (fine && wire_ == kBytes) {
    std::uint64_t length = 0;
    fine = take_varint(rest_, length) && length <= rest_.size();
    if (fine) {
      bytes_ = rest_.substr(0, length);
      rest_.remove_prefix(length);
    }
  } else if (fine && wire_ == kVarint) {
    fine = take_varint(rest_, number_);
  } else if (fine && (wire_ == kFixed64 || wire_ == kFixed32)) {
    fine = take_fixed(wire_ == kFixed64 ? 8 : 4);
  } else {
    fine = false;  // groups (3, 4) do not occur in ONNX
  }
  broken_ = !fine;
  return fine;
}

}  // namespace tracseq::serving
