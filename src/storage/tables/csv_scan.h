// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tracseq::tables {

// The delimiter of a CSV file, judged by its beginning: of comma, semicolon, tab and bar the one that gives
// the most fields with the fewest rows that disagree with the header. A comma if none occurs.
char detect_delimiter(std::string_view beginning);

// Follows a CSV text through any number of pieces: quotes ("" inside quotes is a quote), fields, records.
// Collects the header and the rows that have another number of fields. Used by one thread, once.
class CsvScanner {
 public:
  CsvScanner(char delimiter, bool carriage_return_ends_lines);
  // `invalid` for a record beyond the line limit.
  Result<void> feed(std::string_view piece);
  // `invalid` for an open quote, ragged rows, a header without names or with all of them in single quotes.
  Result<void> finish();

  [[nodiscard]] const std::vector<std::string>& header() const noexcept { return header_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }

 private:
  void end_field();
  void end_record();
  std::size_t skip(std::string_view piece, std::size_t at);
  [[nodiscard]] Result<void> too_long() const;

  std::array<bool, 256> special_{};
  const char delimiter_;
  const bool bare_return_;
  enum class State { start, plain, quoted, quote_seen, broken } state_ = State::start;
  bool in_header_ = true;
  std::string header_field_;
  std::vector<std::string> header_;
  std::uint64_t fields_ = 0;  // ended in this record
  std::uint64_t record_bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;  // where this record began
  struct Ragged {
    std::uint64_t line;
    std::uint64_t fields;
  };
  std::vector<Ragged> ragged_;  // the first few
  std::uint64_t ragged_count_ = 0;
};

}  // namespace tracseq::tables
