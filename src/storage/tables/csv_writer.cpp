// SPDX-License-Identifier: MIT
#include "storage/tables/csv_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace tracseq::tables {
namespace {

constexpr std::size_t kFlushBytes = 1UL << 20;

Error write_error(const char* what) {
  return {errno == ENOSPC || errno == EDQUOT ? Code::storage_full : Code::unavailable,
          fmt::format("{} failed: {}", what, std::strerror(errno)),
          {},
          {}};
}

void append_text(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    // An empty text is no missing value; only quotes can tell.
    out.append(text.empty() ? "\"\"" : text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

template <class T>
void append_number(std::string& out, T value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_cell(std::string& out, const Column& column, std::size_t row) {
  if (!column.present(row)) return;
  switch (column.type) {
    case ColumnType::float64: {
      const double value = column.doubles[row];
      // The usual values of one-hot columns, without the search for the shortest form.
      if (value == 0)
        out.append(std::signbit(value) ? "-0" : "0");
      else if (value == 1)
        out.push_back('1');
      else
        append_number(out, value);
      return;
    }
    case ColumnType::int64:
      append_number(out, column.integers[row]);
      return;
    case ColumnType::boolean:
      out.append(column.booleans[row] != 0 ? "True" : "False");
      return;
    case ColumnType::string:
      append_text(out, column.text(row));
      return;
    case ColumnType::timestamp:
      out.append(value_text(column, row));
      return;
  }
}

}  // namespace

Result<CsvWriter> CsvWriter::create(const std::string& path, const std::vector<std::string>& columns) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return fail(write_error("making the file"));
  CsvWriter writer(descriptor);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) writer.buffer_.push_back(',');
    append_text(writer.buffer_, columns[i]);
  }
  writer.buffer_.push_back('\n');
  return writer;
}

CsvWriter::CsvWriter(CsvWriter&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      digest_(std::move(other.digest_)),
      written_(std::move(other.written_)) {}

CsvWriter::~CsvWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> CsvWriter::append(const ColumnBatch& batch) {
  for (std::size_t r = 0; r < batch.rows; ++r) {
    for (std::size_t c = 0; c < batch.columns.size(); ++c) {
      if (c > 0) buffer_.push_back(',');
      append_cell(buffer_, batch.columns[c], r);
    }
    buffer_.push_back('\n');
    if (buffer_.size() >= kFlushBytes) TRACSEQ_CHECK(flush());
  }
  written_.rows += static_cast<std::int64_t>(batch.rows);
  return {};
}

Result<void> CsvWriter::flush() {
  digest_.update(bytes_of(buffer_));
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t wrote = ::write(descriptor_, rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail(write_error("writing the table"));
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  written_.bytes += buffer_.size();
  buffer_.clear();
  return {};
}

Result<CsvWriter::Written> CsvWriter::finish() {
  TRACSEQ_CHECK(flush());
  if (::fsync(descriptor_) != 0) return fail(write_error("writing the table"));
  ::close(std::exchange(descriptor_, -1));
  written_.digest = hex(digest_.finish());
  return std::move(written_);
}

}  // namespace tracseq::tables
