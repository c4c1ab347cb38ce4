// SPDX-License-Identifier: MIT
#include "domain/serving/spool.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace tracseq::serving {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMagic = 0x4c505354;        // "TSPL"
constexpr std::uint64_t kRecordItemsMax = 100'000;  // a header that says more is damaged itself
constexpr std::string_view kPrefix = "spool-";
constexpr std::string_view kPositionFile = "position";

struct Header {
  std::uint32_t magic = kMagic;
  std::uint32_t crc = 0;  // of all that follows it
  std::uint32_t key_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t items = 0;
};
static_assert(sizeof(Header) == 24);
constexpr std::size_t kCrcFrom = 8;

struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0x82F63B78U : crc >> 1U;
    table[i] = crc;
  }
  return table;
}

// CRC-32C (Castagnoli).
std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xffU] ^ (crc >> 8U);
  return ~crc;
}

tl::unexpected<Error> io_error(const fs::path& path, const char* what) {
  const int number = errno;
  const Code code = number == ENOSPC || number == EDQUOT ? Code::storage_full : Code::unavailable;
  return fail(code, fmt::format("the prediction spool cannot be {}: {}", what, std::strerror(number)),
              path.string());
}

Result<void> write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path, "written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Where reading goes on; the start of the first segment if nothing valid is stored.
Position read_position(const fs::path& folder) {
  Position position;
  std::ifstream file(folder / kPositionFile, std::ios::binary);
  file.read(reinterpret_cast<char*>(&position), sizeof position);
  return file.gcount() == sizeof position ? position : Position{};
}

// The predictions in a part that cannot be read from its front: what the broken record says of itself where
// its header is whole (else one, at least), and the intact records that follow it.
std::uint64_t items_beyond(std::string_view rest) {
  if (rest.empty()) return 0;
  Header header;
  std::uint64_t lost = 1;
  if (rest.size() >= sizeof header) {
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.magic == kMagic) lost = std::clamp<std::uint64_t>(header.items, 1, kRecordItemsMax);
  }
  const std::string_view magic(reinterpret_cast<const char*>(&kMagic), sizeof kMagic);
  for (rest.remove_prefix(1); (rest = rest.substr(std::min(rest.find(magic), rest.size()))), !rest.empty();) {
    if (const auto record = decode_spool_record(rest))
      lost += record->items;
    else
      rest.remove_prefix(1);
  }
  return lost;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string encode_spool_record(const SpoolRecord& record) {
  Header header;
  header.key_bytes = static_cast<std::uint32_t>(record.key.size());
  header.payload_bytes = static_cast<std::uint32_t>(record.payload.size());
  header.items = record.items;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += record.key;
  bytes += record.payload;
  header.crc = crc32c(std::string_view(bytes).substr(kCrcFrom));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

std::optional<SpoolRecord> decode_spool_record(std::string_view& bytes) {
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic || header.key_bytes > kSpoolRecordBytesMax ||
      header.payload_bytes > kSpoolRecordBytesMax)
    return std::nullopt;
  const std::size_t size = sizeof header + header.key_bytes + header.payload_bytes;
  if (bytes.size() < size || crc32c(bytes.substr(kCrcFrom, size - kCrcFrom)) != header.crc)
    return std::nullopt;
  SpoolRecord record{std::string(bytes.substr(sizeof header, header.key_bytes)),
                     std::string(bytes.substr(sizeof header + header.key_bytes, header.payload_bytes)),
                     header.items};
  bytes.remove_prefix(size);
  return record;
}

Result<std::unique_ptr<Spool>> Spool::open(const fs::path& folder, std::uint64_t bytes_max) {
  std::unique_ptr<Spool> spool(new Spool(folder, bytes_max));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Code::unavailable, "the prediction spool's folder cannot be made: " + error.message(),
                folder.string());
  TRACSEQ_CHECK(spool->find_segments());
  return spool;
}

Spool::~Spool() {
  if (tail_ >= 0) ::close(tail_);
}

fs::path Spool::path_of(std::uint64_t number) const {
  return folder_ / fmt::format("{}{:012}", kPrefix, number);
}

Result<void> Spool::find_segments() {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    if (!name.starts_with(kPrefix)) continue;
    const auto [end, bad] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
    if (bad == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  if (error)
    return fail(Code::unavailable, "the prediction spool cannot be listed: " + error.message(),
                folder_.string());
  std::sort(numbers.begin(), numbers.end());
  const Position position = read_position(folder_);
  for (const std::uint64_t number : numbers) {
    const std::string content = read_file(path_of(number));
    std::string_view rest = content;
    if (number == position.segment) rest.remove_prefix(std::min<std::size_t>(position.offset, rest.size()));
    std::uint64_t found = 0;
    while (const auto record = decode_spool_record(rest)) found += record->items;
    items_ += found;
    lost_ += items_beyond(rest);  // what follows an unfinished write is not read
    segments_.push_back({number, content.size() - rest.size(), found});
    bytes_ += segments_.back().size;
  }
  if (!segments_.empty() && segments_.front().number == position.segment) position_ = position.offset;
  return {};
}

Result<void> Spool::open_tail() {
  const bool fresh = tail_ < 0 || segments_.empty() || segments_.back().size >= kSpoolSegmentBytes;
  if (!fresh) return {};
  if (tail_ >= 0) ::close(tail_);
  // A file left by an earlier process is never appended to: its end may be cut short.
  std::uint64_t number = segments_.empty() ? front_number_ + 1 : segments_.back().number + 1;
  const fs::path path = path_of(number);
  tail_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (tail_ < 0) return io_error(path, "opened");
  segments_.push_back({number, 0, 0});
  return {};
}

Result<void> Spool::push(const SpoolRecord& record) {
  const std::string bytes = encode_spool_record(record);
  if (record.payload.size() > kSpoolRecordBytesMax)
    return fail(Code::too_large,
                fmt::format("a batch of {} bytes does not fit the prediction spool", record.payload.size()));
  if (bytes_ + bytes.size() > bytes_max_)
    return fail(Code::storage_full,
                fmt::format("the prediction spool has reached its bound of {} bytes", bytes_max_));
  TRACSEQ_CHECK(open_tail());
  Segment& tail = segments_.back();
  if (auto written = write_all(tail_, bytes, path_of(tail.number)); !written) {
    // Half a record may stand there now: cut it off, else what follows would not be read.
    if (::ftruncate(tail_, static_cast<off_t>(tail.size)) != 0) {
      ::close(tail_);
      tail_ = -1;
    }
    return written;
  }
  (void)::fdatasync(tail_);  // against a power cut; a failure there is no reason to lose the record now
  tail.size += bytes.size();
  tail.items += record.items;
  bytes_ += bytes.size();
  items_ += record.items;
  return {};
}

Result<void> Spool::load_front() {
  while (!segments_.empty()) {
    const Segment& first = segments_.front();
    if (front_number_ != first.number || front_bytes_.size() < first.size) {
      if (front_number_ != first.number && front_number_ != 0) position_ = 0;
      front_bytes_ = read_file(path_of(first.number));
      front_number_ = first.number;
    }
    if (position_ < first.size) return {};
    drop_front();
  }
  return {};
}

void Spool::drop_front() {
  const Segment first = segments_.front();
  if (segments_.size() == 1 && tail_ >= 0) {
    ::close(tail_);
    tail_ = -1;
  }
  std::error_code ignored;  // a file that stays is read again under the same keys
  // The position goes first: alone it would let a later file of the same number begin in its middle.
  fs::remove(folder_ / kPositionFile, ignored);
  fs::remove(path_of(first.number), ignored);
  bytes_ -= std::min(bytes_, first.size);
  items_ -= std::min(items_, first.items);
  lost_ += first.items;  // none, but of a file that could not be read to its end
  segments_.pop_front();
  front_bytes_.clear();
  position_ = 0;
}

Result<std::optional<SpoolRecord>> Spool::front() {
  for (;;) {
    TRACSEQ_CHECK(load_front());
    if (segments_.empty()) return std::optional<SpoolRecord>{};
    std::string_view rest =
        std::string_view(front_bytes_).substr(std::min<std::size_t>(position_, front_bytes_.size()));
    if (auto record = decode_spool_record(rest)) return record;
    position_ = segments_.front().size;  // damaged: the rest of this file cannot be read
  }
}

Result<void> Spool::pop() {
  TRACSEQ_CHECK(load_front());
  if (segments_.empty()) return {};
  std::string_view rest =
      std::string_view(front_bytes_).substr(std::min<std::size_t>(position_, front_bytes_.size()));
  const std::size_t before = rest.size();
  const auto record = decode_spool_record(rest);
  if (!record) return {};
  position_ += before - rest.size();
  Segment& first = segments_.front();
  const std::uint64_t gone = std::min({record->items, first.items, items_});
  first.items -= gone;
  items_ -= gone;
  if (position_ >= first.size) {
    drop_front();
    return {};
  }
  return write_position();
}

Result<void> Spool::write_position() const {
  const Position position{front_number_, position_};
  const fs::path path = folder_ / kPositionFile;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return io_error(path, "opened");
  // Sixteen bytes in one write: seen whole or not at all by the next process.
  const ssize_t written = ::pwrite(file, &position, sizeof position, 0);
  ::close(file);
  if (written != sizeof position) return io_error(path, "written");
  return {};
}

}  // namespace tracseq::serving
