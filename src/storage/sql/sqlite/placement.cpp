// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/placement.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <vector>

namespace tracseq::sql::sqlite {
namespace {

struct FileSystem {
  std::uint32_t magic;
  const char* name;
};
// From linux/magic.h and the file systems' own sources.
constexpr std::array kRefused{
    FileSystem{0x6969, "NFS"},        FileSystem{0x517B, "SMB"},      FileSystem{0xFF534D42, "CIFS"},
    FileSystem{0xFE534D42, "SMB2"},   FileSystem{0x01021997, "9p"},   FileSystem{0x65735546, "FUSE"},
    FileSystem{0x00C36400, "Ceph"},   FileSystem{0x5346414F, "AFS"},  FileSystem{0x73757245, "Coda"},
    FileSystem{0x0BD00BD0, "Lustre"}, FileSystem{0x47504653, "GPFS"}, FileSystem{0x19830326, "BeeGFS"},
    FileSystem{0x7461636F, "OCFS2"},  FileSystem{0x01161970, "GFS2"},
};

tl::unexpected<Error> failed(const std::string& path, const char* what) {
  const int error = errno;
  const Code code = error == ENOSPC || error == EDQUOT ? Code::storage_full : Code::unavailable;
  return fail(code, fmt::format("{} {}: {}", what, path, std::strerror(error)));
}

Result<void> sync(const std::string& path, int flags, const char* failure) {
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) return failed(path, failure);
  const int result = ::fsync(fd);
  const auto error = failed(path, failure);
  ::close(fd);
  if (result != 0) return error;
  return {};
}

}  // namespace

std::string_view network_file_system(std::uint32_t magic) noexcept {
  for (const FileSystem& refused : kRefused)
    if (magic == refused.magic) return refused.name;
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  return sync(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, "cannot sync the folder");
}

Result<void> sync_file(const std::string& path) {
  return sync(path, O_RDWR | O_CLOEXEC, "cannot sync the file");
}

Result<void> make_folders(const std::string& path) {
  std::vector<std::filesystem::path> missing;
  std::error_code error;
  for (auto folder = std::filesystem::path(path).parent_path();
       !std::filesystem::exists(folder, error) && !folder.empty(); folder = folder.parent_path())
    missing.push_back(folder);
  for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
    if (!std::filesystem::create_directory(*folder, error) && error)
      return fail(Code::unavailable,
                  fmt::format("cannot make the database's folder {}: {}", folder->string(), error.message()));
    TRACSEQ_CHECK(sync_folder(folder->parent_path().string()));
  }
  return {};
}

Result<void> refuse_network_file_system(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct statfs info{};
  if (::statfs(folder.c_str(), &info) != 0) return failed(folder, "cannot look at the file system of");
  const std::string_view name = network_file_system(static_cast<std::uint32_t>(info.f_type));
  if (!name.empty())
    return fail(
        Code::unsupported,
        fmt::format("{} is on a network file system ({}), where SQLite loses data; put the database on a "
                    "local disk or use PostgreSQL",
                    path, name));
  return {};
}

Result<void> refuse_second_name(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return failed(path, "cannot look at the database file");
  }
  if (S_ISREG(info.st_mode) && info.st_nlink > 1)
    return fail(
        Code::unsupported,
        fmt::format("the database file {} has {} names (hard links); opened under two of them it would "
                    "be damaged. Find them with `find FOLDER -samefile {}` and keep one, or copy the "
                    "file instead of linking it",
                    path, info.st_nlink, path));
  return {};
}

}  // namespace tracseq::sql::sqlite
