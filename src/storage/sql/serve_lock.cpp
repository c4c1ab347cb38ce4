// SPDX-License-Identifier: MIT
#include "storage/sql/serve_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "storage/sql/sqlite/file_lock.h"
#include "storage/sql/sqlite/placement.h"
#include "storage/sql/url.h"

namespace tracseq::sql {

TRACSEQ_DEFINE_TYPE(Serving)

namespace {

constexpr std::int64_t kLockByte = 1 << 20;  // behind the text

tl::unexpected<Error> cannot(const std::string& path, int error) {
  return fail(error == ENOSPC || error == EDQUOT ? Code::storage_full : Code::unavailable,
              fmt::format("cannot use the server's lock file {}: {}", path, std::strerror(error)));
}

// What the holder wrote; nothing while it is being written.
std::optional<Serving> read_holder(int fd) {
  std::array<char, 512> buffer{};
  const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return std::nullopt;
  const auto serving = from_json<Serving>(std::string_view(buffer.data(), static_cast<std::size_t>(got)),
                                          UnknownFields::ignore);
  return serving ? std::optional(*serving) : std::nullopt;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int keep() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace

Result<std::unique_ptr<ServeLock>> ServeLock::take(std::string_view database_url) {
  TRACSEQ_TRY(const Url url, parse_url(database_url));
  if (url.dialect != Dialect::sqlite) return std::unique_ptr<ServeLock>(new ServeLock(-1, {}));
  TRACSEQ_CHECK(sqlite::make_folders(url.sqlite_path));
  TRACSEQ_CHECK(sqlite::refuse_second_name(url.sqlite_path));
  const std::string path = url.sqlite_path + ".serve";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (file.get() < 0) return cannot(path, errno);
  const int locked = sqlite::try_lock_range(file.get(), kLockByte, 1);
  if (locked == EAGAIN) {
    const auto other = read_holder(file.get());
    if (!other || other->port == 0)
      return fail(Code::conflict,
                  fmt::format("another tracseq serve{} is starting on {}",
                              other ? fmt::format(" (pid {})", other->pid) : "", url.sqlite_path));
    return fail(Code::conflict, fmt::format("{} is served already by tracseq serve with pid {} on port {}",
                                            url.sqlite_path, other->pid, other->port));
  }
  if (locked != 0) return cannot(path, locked);
  std::unique_ptr<ServeLock> lock(new ServeLock(file.keep(), path));
  sqlite::close_after_fork(lock->fd_);
  lock->serving_ = {::getpid(), 0, now()};
  TRACSEQ_CHECK(lock->write());
  return lock;
}

ServeLock::~ServeLock() {
  if (fd_ < 0) return;
  sqlite::forget_after_fork(fd_);
  ::close(fd_);
}

Result<void> ServeLock::announce(int port) {
  serving_.port = port;
  return write();
}

Result<void> ServeLock::write() {
  if (fd_ < 0) return {};
  const std::string text = to_json(serving_) + "\n";
  if (::ftruncate(fd_, 0) != 0 ||
      ::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return cannot(path_, errno);
  return {};
}

Result<std::optional<Serving>> ServeLock::holder(std::string_view database_url) {
  TRACSEQ_TRY(const Url url, parse_url(database_url));
  if (url.dialect != Dialect::sqlite) return std::optional<Serving>{};
  const std::string path = url.sqlite_path + ".serve";
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::optional<Serving>{};
    return cannot(path, errno);
  }
  const int probed = sqlite::probe_range(file.get(), kLockByte, 1);
  if (probed == 0) return std::optional<Serving>{};
  if (probed != EAGAIN) return cannot(path, probed);
  return read_holder(file.get());
}

}  // namespace tracseq::sql
