// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq {

// For tests and fuzzers: a file without a name on any disk, read by its path while this lives. Not
// thread-safe.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("tracseq", MFD_CLOEXEC)) {
    TRACSEQ_ENSURE(descriptor_ >= 0);
    TRACSEQ_ENSURE(::write(descriptor_, content.data(), content.size()) ==
                   static_cast<ssize_t>(content.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace tracseq
