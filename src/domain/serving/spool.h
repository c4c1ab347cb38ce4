// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tracseq::serving {

inline constexpr std::size_t kSpoolSegmentBytes = 8UL << 20;
inline constexpr std::size_t kSpoolRecordBytesMax = 16UL << 20;

// One record of the spool.
struct SpoolRecord {
  std::string key;  // the same for every attempt to deliver this record
  std::string payload;
  std::uint64_t items = 0;  // predictions in it
};

// The wire form of one record: magic, sizes, CRC-32C, content. See README.md.
std::string encode_spool_record(const SpoolRecord& record);
// Reads one record off the front of `bytes`. Nothing when the front is no whole, intact record (a write cut
// short).
std::optional<SpoolRecord> decode_spool_record(std::string_view& bytes);

// What could not be delivered, in order, in files of a folder; bounded. Records are appended with one write
// each and survive the death of the process; a record cut short by a power cut is left out when the file is
// read again, and counted as lost. A record is gone once `pop` has returned; dying before that makes it come
// again under the same key. Used by one thread and one process (the folder's owner holds a lock).
class Spool {
 public:
  // Makes the folder and finds what an earlier process left. `bytes_max` bounds all files together.
  static Result<std::unique_ptr<Spool>> open(const std::filesystem::path& folder, std::uint64_t bytes_max);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // `storage_full` when the bound or the disk is reached; nothing is kept of the record then.
  Result<void> push(const SpoolRecord& record);
  // The oldest record, or nothing when the spool is empty. Stays until `pop`.
  Result<std::optional<SpoolRecord>> front();
  Result<void> pop();

  // The predictions found unreadable since this was asked last (a damaged file): they are gone.
  std::uint64_t take_lost() noexcept { return std::exchange(lost_, 0); }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t items() const noexcept { return items_; }
  [[nodiscard]] bool empty() const noexcept { return segments_.empty(); }

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    std::uint64_t items = 0;  // predictions in it that are still to come
  };
  Spool(std::filesystem::path folder, std::uint64_t bytes_max)
      : folder_(std::move(folder)), bytes_max_(bytes_max) {}
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t number) const;
  Result<void> find_segments();
  Result<void> load_front();
  void drop_front();
  Result<void> open_tail();
  Result<void> write_position() const;

  const std::filesystem::path folder_;
  const std::uint64_t bytes_max_;
  std::list<Segment> segments_;  // oldest first; the last is written to
  int tail_ = -1;
  std::string front_bytes_;  // the oldest segment, loaded
  std::uint64_t front_number_ = 0;
  std::uint64_t position_ = 0;  // in it
  std::uint64_t bytes_ = 0;
  std::uint64_t items_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace tracseq::serving
