// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tracseq::serving {

// Reads the fields of one protobuf message, without its schema. Borrows the bytes. Usage:
//   while (reader.next()) switch (reader.field()) { … }
//   if (reader.broken()) …
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // Moves to the next field; false at the end or where the bytes are no protobuf (`broken`).
  bool next();
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] std::uint64_t field() const noexcept { return field_; }
  // Whether the field is length-delimited (message, text, packed list); `bytes` is its content then.
  [[nodiscard]] bool is_bytes() const noexcept { return wire_ == 2; }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  // The number of a varint or fixed field.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

  // Takes one varint off the front of `bytes`; false when it is cut short or longer than 64 bits.
  static bool take_varint(std::string_view& bytes, std::uint64_t& value);

 private:
  bool take_fixed(std::size_t size);

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  std::uint64_t field_ = 0;
  unsigned wire_ = 0;
  bool broken_ = false;
};

}  // namespace tracseq::serving
