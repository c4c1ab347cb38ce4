// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>

#include "storage/tables/csv_scan.h"

// Any text, in pieces of any size: scanned or refused, the same whatever the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const char delimiter = tracseq::tables::detect_delimiter(text);
  tracseq::tables::CsvScanner whole(delimiter, false);
  tracseq::tables::CsvScanner pieces(delimiter, false);
  const bool fed = whole.feed(text).has_value();
  bool fed_pieces = true;
  for (std::size_t at = 0; at < text.size() && fed_pieces; at += 3)
    fed_pieces = pieces.feed(text.substr(at, 3)).has_value();
  if (fed != fed_pieces) __builtin_trap();
  if (!fed) return 0;
  const bool sound = whole.finish().has_value();
  if (sound != pieces.finish().has_value()) __builtin_trap();
  if (sound && (whole.rows() != pieces.rows() || whole.header() != pieces.header())) __builtin_trap();
  return 0;
}
