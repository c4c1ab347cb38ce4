// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "storage/sql/database.h"

namespace tracseq::api {

inline constexpr std::chrono::seconds kWriteProbeFresh{1};
inline constexpr std::uint64_t kFreeBytesMin = 1UL << 20;  // with less than this some calls fail, some do not

// Whether calls that write can be served: found out by a write, since a full disk answers every read, and by
// the space left on the disks named. What was found holds for kWriteProbeFresh, so that whoever asks often,
// and need not say who he is, causes at most one write in that time. Lifecycle: the database outlives it.
// Thread-safe; one caller asks, the others wait for his answer.
class WriteProbe {
 public:
  struct Disk {
    std::string name;    // as messages call it: "the artifacts"
    std::string folder;  // on it; may be yet to be made
  };
  WriteProbe(sql::Database& database, std::vector<Disk> disks)
      : database_(database), disks_(std::move(disks)) {}

  // `storage_full`, or the error of the write.
  Result<void> ask();

 private:
  Result<void> find_out();

  sql::Database& database_;
  const std::vector<Disk> disks_;
  Mutex mutex_;
  Steady::time_point asked_ GUARDED_BY(mutex_);
  bool known_ GUARDED_BY(mutex_) = false;
  Result<void> found_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::api
