// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tracseq::cli {

// How a process that was started by another one says where it listens, or why it does not: a JSON document
// that appears whole ({"pid", "start_time", "port", "state": "ready"} or {"pid", "start_time", "state":
// "failed", "reason"}). `start_time` is field 22 of /proc/<pid>/stat: with the pid it names one process for
// ever. Errors as replace_file.
class ReadyFile {
 public:
  explicit ReadyFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Result<void> ready(std::uint16_t port) const;
  [[nodiscard]] Result<void> failed(const std::string& reason) const;

 private:
  const std::string path_;  // empty: nobody waits for it
};

// Of this process, in ticks of the clock since the system began; 0 where the system does not tell.
std::int64_t own_start_time();

}  // namespace tracseq::cli
