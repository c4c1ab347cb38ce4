// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "storage/sql/database.h"

// Only this folder includes sqlite3.h.
namespace tracseq::sql::sqlite {

inline constexpr std::size_t kPreparedMax = 200;  // per connection; beyond, the least recently used is closed

// One connection to one file, with its prepared statements. Used by one thread at a time; does not move.
class Connection {
 public:
  enum class Use { read, write };
  // `create` makes a missing file. Errors: `unavailable` if the file cannot be opened.
  enum class Missing { create, refuse };
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Use use, Missing missing,
                                                  const Limits& limits);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Several statements at once, without parameters: pragmas, migrations. Not cached.
  Result<void> script(const std::string& text);
  Result<std::int64_t> execute(const Statement& statement, Args args);
  Result<void> query(const Statement& statement, Args args, FunctionRef<Result<void>(const Row&)> visit);
  Result<std::int64_t> bulk_insert(const BulkInsert& insert, std::span<const Column> columns);

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  // After an I/O error: what the connection knows may not be what the disk has. To be closed and opened
  // again.
  [[nodiscard]] bool broken() const { return broken_; }
  // Until when statements wait for a lock another program holds; a new connection: `limits.turn_wait` each.
  void wait_for_locks_until(Steady::time_point until);
  // Statements are interrupted (`deadline`) when this comes, if their own time-out does not come first. Not
  // for writing: an interrupted write takes the whole group's transaction with it.
  void interrupt_at(Steady::time_point deadline) { interrupt_at_ = deadline; }

 private:
  struct Prepared;
  class InUse;
  using Cache = std::list<Prepared>;

  Connection(sqlite3* handle, const Limits& limits);
  Result<InUse> prepare(const char* name, std::string_view text);
  Result<void> run(InUse& statement, const char* name);
  tl::unexpected<Error> failed(const char* name, int code);
  static int check_deadline(void* self);

  sqlite3* handle_;
  std::chrono::milliseconds statement_timeout_;
  Steady::time_point interrupt_at_ = Steady::time_point::max();
  Steady::time_point deadline_ = Steady::time_point::max();  // of the statement that runs
  bool broken_ = false;
  Cache cache_;  // most recently used first
  std::unordered_map<std::string_view, Cache::iterator> by_text_;
};

// The error of a failed call: codes and wording in one place. `statement` may be null.
Error error_of(sqlite3* handle, int code, const char* statement);

}  // namespace tracseq::sql::sqlite
