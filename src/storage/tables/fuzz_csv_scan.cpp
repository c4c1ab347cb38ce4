// SPDX-License-Identifier: MIT
// The scanner sees the same table whether a file comes in one piece or cut anywhere. The first byte is the
// cut.
// Built with: storage/tables/csv_scan.cpp
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "storage/tables/csv_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = text.empty() ? 0 : data[0] % text.size();
  const char delimiter = tracseq::tables::detect_delimiter(text);
  TRACSEQ_ENSURE(std::string_view(",;\t|").find(delimiter) != std::string_view::npos);
  const bool bare_return = (data[0] & 1U) != 0;

  tracseq::tables::CsvScanner whole(delimiter, bare_return);
  tracseq::tables::CsvScanner pieces(delimiter, bare_return);
  const auto fed_whole = whole.feed(text);
  auto fed_pieces = pieces.feed(text.substr(0, cut));
  if (fed_pieces) fed_pieces = pieces.feed(text.substr(cut));
  TRACSEQ_ENSURE(fed_whole.has_value() == fed_pieces.has_value());
  if (!fed_whole) return 0;
  const auto ended_whole = whole.finish();
  const auto ended_pieces = pieces.finish();
  TRACSEQ_ENSURE(ended_whole.has_value() == ended_pieces.has_value());
  if (!ended_whole) {
    TRACSEQ_ENSURE(ended_whole.error().message == ended_pieces.error().message);
    return 0;
  }
  TRACSEQ_ENSURE(whole.header() == pieces.header());
  TRACSEQ_ENSURE(whole.rows() == pieces.rows() && whole.line() == pieces.line());
  return 0;
}
