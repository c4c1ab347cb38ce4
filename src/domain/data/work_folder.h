// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "base/result.h"

namespace tracseq::data {

// A folder younger than this is not swept: its maker may not have locked it yet.
inline constexpr std::chrono::seconds kSweptAfter{60};

// A folder of one run, gone with everything in it when it ends, and locked until then, so that what a process
// that was killed left behind can be told from what is in use.
class WorkFolder {
 public:
  // Below `root`; empty: the system's temporary folder.
  static Result<WorkFolder> make(const std::string& root);
  // Removes the folders below `root` that runs of this user left behind. Returns how many. What cannot be
  // removed stays.
  static int sweep(const std::string& root, std::chrono::seconds older_than = kSweptAfter);
  WorkFolder(WorkFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::exchange(other.lock_, -1)) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  WorkFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace tracseq::data
