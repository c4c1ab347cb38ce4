// SPDX-License-Identifier: MIT
#include "storage/tables/csv_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "storage/tables/inspect.h"

namespace tracseq::tables {
namespace {

constexpr std::array kDelimiters{',', ';', '\t', '|'};
constexpr std::size_t kRecordsSampled = 100;
constexpr std::size_t kNameShown = 60;

// The number of fields of each complete record of a text.
std::vector<std::size_t> field_counts(std::string_view text, char delimiter) {
  std::vector<std::size_t> counts;
  std::size_t fields = 1;
  bool quoted = false;
  bool blank = true;
  for (const char c : text) {
    if (quoted) {
      quoted = c != '"';
      continue;
    }
    if (c == '\n' || c == '\r') {
      if (!blank) counts.push_back(fields);
      if (counts.size() == kRecordsSampled) return counts;
      fields = 1;
      blank = true;
      continue;
    }
    blank = false;
    // A doubled quote ends the quote and opens it again, which comes to the same here.
    if (c == '"') quoted = true;
    if (c == delimiter) ++fields;
  }
  if (counts.empty() && !blank) counts.push_back(fields);
  return counts;
}

bool in_single_quotes(const std::string& name) {
  return name.size() > 2 && name.starts_with('\'') && name.ends_with('\'');
}

}  // namespace

CsvScanner::CsvScanner(char delimiter, bool carriage_return_ends_lines)
    : delimiter_(delimiter), bare_return_(carriage_return_ends_lines) {
  for (const char c : {delimiter, '"', '\n', '\r'}) special_[static_cast<unsigned char>(c)] = true;
}

char detect_delimiter(std::string_view beginning) {
  char best = ',';
  double best_score = 0;
  for (const char delimiter : kDelimiters) {
    const auto counts = field_counts(beginning, delimiter);
    if (counts.empty() || counts.front() < 2) continue;
    const auto agreeing = std::count(counts.begin(), counts.end(), counts.front());
    const double agreement = static_cast<double>(agreeing) / static_cast<double>(counts.size());
    // Agreement counts most; among equals more fields win.
    const double score = agreement * 1000 + std::min<double>(static_cast<double>(counts.front()), 500);
    if (score > best_score) best_score = score, best = delimiter;
  }
  return best;
}

void CsvScanner::end_field() {
  ++fields_;
  if (in_header_) {
    if (header_.size() < kColumnsMax + 1) header_.push_back(header_field_);
    header_field_.clear();
  }
}

void CsvScanner::end_record() {
  const bool blank = fields_ == 0 && state_ == State::start;
  if (!blank) {
    end_field();
    if (in_header_) {
      in_header_ = false;
    } else {
      ++rows_;
      if (fields_ != header_.size()) {
        ++ragged_count_;
        if (ragged_.size() < kRaggedRowsShown) ragged_.push_back({record_line_, fields_});
      }
    }
  }
  fields_ = 0;
  record_bytes_ = 0;
  state_ = State::start;
}

Result<void> CsvScanner::too_long() const {
  return fail(Code::invalid, fmt::format("the row at line {} is longer than {} MiB; longer ones are not read",
                                         record_line_, kLineBytesMax >> 20));
}

// Passes the characters that mean nothing in the present state; returns where it stopped.
std::size_t CsvScanner::skip(std::string_view piece, std::size_t at) {
  const std::size_t start = at;
  if (state_ == State::quoted) {
    for (; at < piece.size() && piece[at] != '"'; ++at)
      if (piece[at] == '\n') ++line_;
  } else {
    while (at < piece.size() && !special_[static_cast<unsigned char>(piece[at])]) ++at;
    if (at > start) state_ = state_ == State::quote_seen ? State::broken : State::plain;
  }
  if (in_header_) header_field_.append(piece.substr(start, at - start));
  record_bytes_ += at - start;
  return at;
}

Result<void> CsvScanner::feed(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size(); ++at) {
    at = skip(piece, at);
    if (record_bytes_ > kLineBytesMax) return too_long();
    if (state_ == State::broken)
      return fail(Code::invalid,
                  fmt::format("line {}: text follows a closing quote; a quote inside a quoted field is "
                              "written twice",
                              line_));
    if (at == piece.size()) break;
    const char c = piece[at];
    ++record_bytes_;
    if (c == '"') {
      if (in_header_ && (state_ == State::quote_seen || state_ == State::plain)) header_field_.push_back('"');
      if (state_ == State::quoted)
        state_ = State::quote_seen;
      else if (state_ != State::plain)
        state_ = State::quoted;
    } else if (c == delimiter_) {
      end_field();
      state_ = State::start;
    } else if (c == '\n' || bare_return_) {
      ++line_;
      end_record();
      record_line_ = line_;
    }
  }
  return {};
}

Result<void> CsvScanner::finish() {
  if (state_ == State::quoted)
    return fail(Code::invalid,
                fmt::format("the quote opened in the row at line {} is never closed", record_line_));
  end_record();
  if (header_.empty())
    return fail(Code::invalid, "the file has no header: its first line must name the columns");
  if (header_.size() > kColumnsMax)
    return fail(Code::invalid, fmt::format("the file has more than {} columns", kColumnsMax));
  // Before the rows are judged: a delimiter within such quotes makes them ragged.
  if (std::all_of(header_.begin(), header_.end(), in_single_quotes))
    return fail(Code::invalid, fmt::format("the header names its columns in single quotes ({}); fields are "
                                           "quoted with double quotes (\"), or not at all",
                                           header_.front().substr(0, kNameShown)));
  if (ragged_count_ > 0) {
    std::string rows;
    for (const Ragged& ragged : ragged_)
      rows += fmt::format("{}line {} has {}", rows.empty() ? "" : ", ", ragged.line, ragged.fields);
    return fail(Code::invalid, fmt::format("{} row{} not the {} fields of the header: {}{}", ragged_count_,
                                           ragged_count_ == 1 ? " has" : "s have", header_.size(), rows,
                                           ragged_count_ > ragged_.size() ? ", …" : ""));
  }
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i].empty()) header_[i] = fmt::format("column_{}", i + 1);
    const auto [place, fresh] = places.emplace(header_[i], i);
    if (!fresh)
      return fail_field(header_[i], fmt::format("the header names the column '{}' twice (columns {} and {})",
                                                header_[i], place->second + 1, i + 1));
  }
  return {};
}

}  // namespace tracseq::tables
