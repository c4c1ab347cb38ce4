// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"
#include "base/result.h"

namespace tracseq::sql {

// Who serves a SQLite file.
struct Serving {
  std::int64_t pid = 0;
  std::int64_t port = 0;  // 0: not listening yet
  Timestamp started_at;
};
TRACSEQ_DESCRIBE(Serving, (pid, port, started_at))

// At most one `serve` per SQLite file: a lock on `<db>.serve`, held as long as this lives and gone with the
// process, however it ends. The file says who holds it. PostgreSQL may have many servers: there it locks
// nothing. Not thread-safe.
class ServeLock {
 public:
  // `conflict` names pid and port of the one that serves; `invalid` for a URL that is none; `unsupported` for
  // a file with a second name (hard link).
  static Result<std::unique_ptr<ServeLock>> take(std::string_view database_url);
  ~ServeLock();
  ServeLock(const ServeLock&) = delete;
  ServeLock& operator=(const ServeLock&) = delete;

  // Writes down the port once it is known.
  Result<void> announce(int port);

  // Who serves the database now; nothing if nobody does, or it is no SQLite file.
  static Result<std::optional<Serving>> holder(std::string_view database_url);

 private:
  ServeLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Result<void> write();

  const int fd_;  // -1: nothing to lock
  const std::string path_;
  Serving serving_;
};

}  // namespace tracseq::sql
