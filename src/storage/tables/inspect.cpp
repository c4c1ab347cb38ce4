// SPDX-License-Identifier: MIT
#include "storage/tables/inspect.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "base/crypto.h"
#include "storage/tables/csv_scan.h"

namespace tracseq::tables {

TRACSEQ_DEFINE_ENUM(FileFormat)

namespace {

constexpr std::size_t kPieceBytes = 1UL << 20;
constexpr std::size_t kSampleBytes = 64UL << 10;
constexpr std::size_t kLinesReadWhole = 1'000;   // JSON lines: of the others the keys alone are read
constexpr std::size_t kKeyBytesMax = 2UL << 20;  // of all columns together
constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

class File {
 public:
  static Result<File> open(const std::string& path, const std::string& name) {
    File file;
    file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file.descriptor_ < 0) {
      if (errno == ENOENT || errno == ENOTDIR)
        return fail(Code::not_found, fmt::format("there is no file '{}'", name));
      return fail(Code::invalid,
                  fmt::format("the file '{}' cannot be opened: {}", name, std::strerror(errno)));
    }
    struct stat status{};
    if (fstat(file.descriptor_, &status) != 0 || !S_ISREG(status.st_mode))
      return fail(Code::invalid, fmt::format("'{}' is no regular file", name));
    file.bytes_ = static_cast<std::uint64_t>(status.st_size);
    return file;
  }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), bytes_(other.bytes_) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  Result<std::string_view> read(std::string& buffer) const {
    buffer.resize(kPieceBytes);
    const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got < 0) return fail(Code::invalid, fmt::format("reading failed: {}", std::strerror(errno)));
    return std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
  }

 private:
  File() = default;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
};

bool has_suffix(std::string_view path, std::initializer_list<std::string_view> suffixes) {
  std::string lower(path);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view s) { return lower.ends_with(s); });
}

FileFormat format_of(std::string_view path, std::string_view beginning) {
  if (beginning.starts_with(kParquetMagic)) return FileFormat::parquet;
  if (has_suffix(path, {".jsonl", ".ndjson", ".json"})) return FileFormat::json_lines;
  if (has_suffix(path, {".csv", ".tsv", ".txt"})) return FileFormat::csv;
  const auto first = beginning.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && beginning[first] == '{' ? FileFormat::json_lines
                                                                    : FileFormat::csv;
}

std::string_view without_folders(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

Result<void> check_beginning(std::string_view path, std::string_view beginning) {
  if (beginning.starts_with("\xFF\xFE") || beginning.starts_with("\xFE\xFF"))
    return fail(Code::invalid, "the file is UTF-16 text; UTF-8 is needed (iconv -f UTF-16 -t UTF-8)");
  if (beginning.starts_with("\x1F\x8B") || beginning.starts_with("\x28\xB5\x2F\xFD") ||
      beginning.starts_with("BZh") || beginning.starts_with("PK\x03\x04"))
    return fail(Code::unsupported,
                fmt::format("'{}' is compressed; give it unpacked, or as Parquet", without_folders(path)));
  return {};
}

// UTF-8 and NUL bytes, over pieces that may cut a character in two.
class TextCheck {
 public:
  Result<void> feed(std::string_view piece) {
    if (const void* nul = std::memchr(piece.data(), 0, piece.size()); nul != nullptr) {
      const auto at = static_cast<std::size_t>(static_cast<const char*>(nul) - piece.data());
      const auto nuls = std::count(piece.begin(), piece.end(), '\0');
      if (static_cast<std::size_t>(nuls) * 3 > piece.size())
        return fail(Code::invalid,
                    "the file looks like UTF-16 text (every other byte is 0); UTF-8 is needed "
                    "(iconv -f UTF-16 -t UTF-8)");
      return fail(Code::invalid,
                  fmt::format("line {} holds a NUL byte; this is no text", line_of(piece, at)));
    }
    carry_.append(piece);
    // Up to three bytes may be the beginning of a character.
    std::size_t whole = carry_.size();
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, carry_.size()); ++back) {
      const auto byte = static_cast<unsigned char>(carry_[carry_.size() - back]);
      if (byte < 0x80) break;
      if (byte >= 0xC0) {
        const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
        if (length > back) whole = carry_.size() - back;
        break;
      }
    }
    TRACSEQ_CHECK(check(std::string_view(carry_).substr(0, whole)));
    carry_.erase(0, whole);
    return {};
  }
  Result<void> finish() { return check(carry_); }

 private:
  [[nodiscard]] std::uint64_t line_of(std::string_view text, std::size_t at) const {
    return lines_ + 1 +
           static_cast<std::uint64_t>(
               std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }
  Result<void> check(std::string_view text) {
    if (text.empty()) return {};
    if (!simdjson::validate_utf8(text.data(), text.size())) {
      std::size_t at = 0;
      while (at < text.size() && simdjson::validate_utf8(text.substr(0, next_boundary(text, at))))
        at = next_boundary(text, at);
      return fail(
          Code::invalid,
          fmt::format("line {} holds the byte 0x{:02X}, which is not UTF-8; the file looks like Latin-1 or "
                      "Windows-1252: convert it (iconv -f WINDOWS-1252 -t UTF-8)",
                      line_of(text, at),
                      static_cast<unsigned>(static_cast<unsigned char>(first_broken(text, at)))));
    }
    lines_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    return {};
  }
  // The end of the line that begins at `at`.
  static std::size_t next_boundary(std::string_view text, std::size_t at) {
    const auto end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  static char first_broken(std::string_view text, std::size_t at) {
    const std::string_view line = text.substr(at, next_boundary(text, at) - at);
    for (std::size_t i = 0; i < line.size(); ++i)
      if (static_cast<unsigned char>(line[i]) >= 0x80 && !simdjson::validate_utf8(line.substr(0, i + 4)) &&
          simdjson::validate_utf8(line.substr(0, i)))
        return line[i];
    return line.empty() ? '\0' : line.front();
  }

  std::string carry_;
  std::uint64_t lines_ = 0;
};

// Lines of JSON objects: their number, their length, their keys.
class JsonLines {
 public:
  Result<void> feed(std::string_view piece) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (line_.size() + part.size() > kLineBytesMax)
        return fail(Code::invalid, fmt::format("line {} is longer than {} MiB; longer ones are not read",
                                               number_, kLineBytesMax >> 20));
      line_.append(part);
      if (end == std::string_view::npos) return {};
      TRACSEQ_CHECK(end_line());
      piece.remove_prefix(end + 1);
    }
    return {};
  }
  Result<void> finish(InputFile& file) {
    TRACSEQ_CHECK(end_line());
    if (rows_ == 0) return fail(Code::invalid, "the file holds no JSON object");
    file.columns = std::move(keys_);
    file.rows = rows_;
    return {};
  }

 private:
  Result<void> end_line() {
    if (line_.find_first_not_of(" \t\r") != std::string::npos)
      TRACSEQ_CHECK(++rows_ <= kLinesReadWhole ? read_whole() : read_keys());
    line_.clear();
    ++number_;
    return {};
  }
  Result<void> read_whole() {
    TRACSEQ_TRY(const Json json, parse_json(line_, name()));
    if (!json.is_object()) return no_object();
    for (const auto& [key, value] : *json.as_object()) TRACSEQ_CHECK(take_key(key));
    return {};
  }
  // Passes over the values; one that is broken is met when the file is loaded.
  Result<void> read_keys() {
    const std::size_t length = line_.size();
    line_.reserve(length + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (const auto error =
            parser_.iterate(simdjson::padded_string_view(line_.data(), length, line_.capacity()))
                .get(document))
      return wrong(error);
    if (const auto error = document.get_object().get(object))
      return error == simdjson::INCORRECT_TYPE ? no_object() : wrong(error);
    for (auto field : object) {
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return wrong(error);
      TRACSEQ_CHECK(take_key(key));
    }
    return {};
  }
  Result<void> take_key(std::string_view key) {
    if (known_.find(key) != known_.end()) return {};
    known_.emplace(key);
    keys_.emplace_back(key);
    key_bytes_ += key.size();
    if (keys_.size() > kColumnsMax || key_bytes_ > kKeyBytesMax)
      return fail(Code::invalid,
                  fmt::format("line {}: the file has more than {} columns, or names of more than {} MiB",
                              number_, kColumnsMax, kKeyBytesMax >> 20));
    return {};
  }
  [[nodiscard]] std::string name() const { return fmt::format("line {}", number_); }
  [[nodiscard]] Result<void> wrong(simdjson::error_code error) const {
    return fail(
        json_error(line_, name(), fmt::format("is not valid JSON: {}", simdjson::error_message(error))));
  }
  [[nodiscard]] Result<void> no_object() const {
    return fail(Code::invalid, fmt::format("line {} is no JSON object; each line must be one", number_));
  }

  simdjson::ondemand::parser parser_;
  std::string line_;
  std::uint64_t number_ = 1;
  std::uint64_t rows_ = 0;
  std::vector<std::string> keys_;  // in order of appearance
  std::set<std::string, std::less<>> known_;
  std::size_t key_bytes_ = 0;
};

Result<void> check_parquet_end(std::string_view tail) {
  if (!tail.ends_with(kParquetMagic))
    return fail(Code::invalid, "the Parquet file is not complete: its footer is missing");
  return {};
}

}  // namespace

Result<InputFile> inspect_file(const std::string& path, const Check& check, const std::string& name) {
  const std::string& called = name.empty() ? path : name;
  TRACSEQ_TRY(const File file, File::open(path, called));
  InputFile found;
  found.path = path;
  found.name = without_folders(called);
  found.bytes = file.bytes();
  if (found.bytes == 0) return fail(Code::invalid, "the file is empty");
  Sha256 digest;
  TextCheck text;
  JsonLines lines;
  std::optional<CsvScanner> csv;
  std::string buffer;
  std::string tail;
  bool first = true;
  while (true) {
    if (check) TRACSEQ_CHECK(check());
    TRACSEQ_TRY(std::string_view piece, file.read(buffer));
    if (piece.empty()) break;
    digest.update(bytes_of(piece));
    if (first) {
      first = false;
      TRACSEQ_CHECK(check_beginning(called, piece));
      found.format = format_of(called, piece);
      if (piece.starts_with(kUtf8Mark)) piece.remove_prefix(kUtf8Mark.size());
      const std::string_view sample = piece.substr(0, kSampleBytes);
      const bool line_feeds = sample.find('\n') != std::string_view::npos;
      const bool returns = sample.find('\r') != std::string_view::npos;
      found.newline = !line_feeds && returns ? "\r" : returns ? "\r\n" : "\n";
      found.delimiter = detect_delimiter(sample);
      csv.emplace(found.delimiter, found.newline == "\r");
    }
    if (found.format == FileFormat::parquet) {
      tail.append(piece.substr(piece.size() - std::min(kParquetMagic.size(), piece.size())));
      tail.erase(0, tail.size() - std::min(kParquetMagic.size(), tail.size()));
      continue;
    }
    TRACSEQ_CHECK(text.feed(piece));
    TRACSEQ_CHECK(found.format == FileFormat::csv ? csv->feed(piece) : lines.feed(piece));
  }
  found.digest = hex(digest.finish());
  if (found.format == FileFormat::parquet) {
    TRACSEQ_CHECK(check_parquet_end(tail));
    return found;
  }
  TRACSEQ_CHECK(text.finish());
  if (found.format == FileFormat::json_lines) {
    TRACSEQ_CHECK(lines.finish(found));
    return found;
  }
  TRACSEQ_CHECK(csv->finish());
  found.columns = csv->header();
  found.rows = csv->rows();
  return found;
}

}  // namespace tracseq::tables
