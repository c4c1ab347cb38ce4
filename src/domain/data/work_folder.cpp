// SPDX-License-Identifier: MIT
#include "domain/data/work_folder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace tracseq::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "tracseq-data-";

fs::path base_of(const std::string& root) {
  std::error_code error;
  return root.empty() ? fs::temp_directory_path(error) : fs::path(root);
}

// The folder itself, locked; -1 if it is in use, not this user's, or no folder.
int lock_folder(const std::string& path, std::chrono::seconds older_than) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat info{};
  const bool ours = ::fstat(fd, &info) == 0 && info.st_uid == ::geteuid() &&
                    info.st_mtime <= std::time(nullptr) - older_than.count();
  if (ours && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

Result<WorkFolder> WorkFolder::make(const std::string& root) {
  std::error_code error;
  const fs::path base = base_of(root);
  fs::create_directories(base, error);
  std::string pattern = (base / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(errno == ENOSPC ? Code::storage_full : Code::unavailable,
                fmt::format("the worker can make no folder for the run: {}", std::strerror(errno)),
                base.string());
  return WorkFolder(pattern, lock_folder(pattern, std::chrono::seconds{0}));
}

int WorkFolder::sweep(const std::string& root, std::chrono::seconds older_than) {
  int removed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(base_of(root), error)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const int lock = lock_folder(entry.path().string(), older_than);
    if (lock < 0) continue;
    std::error_code failed;
    fs::remove_all(entry.path(), failed);
    if (!failed) ++removed;
    ::close(lock);
  }
  return removed;
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace tracseq::data
