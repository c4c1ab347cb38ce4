// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "storage/sql/value.h"

namespace tracseq::sql {

enum class Dialect { sqlite, postgres };

// Statements run here; either a read snapshot or a transaction. Used by one thread at a time, inside the
// callback that received it. Errors: `conflict` for a broken unique or foreign key, `invalid` for a broken
// check, `unavailable` when the database is away or busy, `deadline` past the statement's time-out,
// `storage_full` on a full disk.
class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  // Calls `visit` for each row until it fails; its error is returned.
  virtual Result<void> query(const Statement& statement, Args args,
                             FunctionRef<Result<void>(const Row&)> visit) = 0;

  // The first row through `map`, or nothing.
  template <class F>
  auto query_one(const Statement& statement, Args args, F map)
      -> Result<std::optional<std::invoke_result_t<F, const Row&>>> {
    std::optional<std::invoke_result_t<F, const Row&>> found;
    TRACSEQ_CHECK(query(statement, args, [&](const Row& row) -> Result<void> {
      if (!found) found = map(row);
      return {};
    }));
    return found;
  }
  template <class F>
  auto query_all(const Statement& statement, Args args, F map)
      -> Result<std::vector<std::invoke_result_t<F, const Row&>>> {
    std::vector<std::invoke_result_t<F, const Row&>> rows;
    TRACSEQ_CHECK(query(statement, args, [&](const Row& row) -> Result<void> {
      rows.push_back(map(row));
      return {};
    }));
    return rows;
  }
  // Described structs by column name.
  template <class T>
  Result<std::vector<T>> query_as(const Statement& statement, Args args) {
    std::vector<T> rows;
    TRACSEQ_CHECK(query(statement, args, [&](const Row& row) -> Result<void> {
      TRACSEQ_TRY(T value, row.as<T>());
      rows.push_back(std::move(value));
      return {};
    }));
    return rows;
  }
  template <class T>
  Result<std::optional<T>> query_one_as(const Statement& statement, Args args) {
    TRACSEQ_TRY(std::vector<T> rows, query_as<T>(statement, args));
    if (rows.empty()) return std::optional<T>{};
    return std::optional<T>{std::move(rows.front())};
  }
};

class Transaction;

// Runs once before the commit of a group of transactions: collects what they have in common (one audit entry
// for all appended data). Made by the first transaction of a group that asks for it.
class CommitHook {
 public:
  virtual ~CommitHook() = default;
  virtual Result<void> before_commit(Transaction& transaction) = 0;
};

class Transaction : public Session {
 public:
  // Rows changed.
  virtual Result<std::int64_t> execute(const Statement& statement, Args args) = 0;
  virtual Result<std::int64_t> bulk_insert(const BulkInsert& insert, std::span<const Column> columns) = 0;
  // The group's hook under this key. What a transaction adds to it must be added as its last act: a
  // transaction that fails afterwards is rolled back, its addition is not.
  virtual CommitHook& hook(const void* key, FunctionRef<std::unique_ptr<CommitHook>()> make) = 0;
};

struct Limits {
  std::chrono::milliseconds turn_wait{10'000};  // a write fails as `unavailable` after this
  std::chrono::milliseconds turn_hold{20};      // a group takes no further transaction after this
  std::chrono::milliseconds statement_timeout{30'000};
  std::chrono::milliseconds connect_timeout{5'000};  // PostgreSQL: to connect, and for one of the pool
  int connections = 10;                              // at most: readers of SQLite, pool of PostgreSQL
  int connections_kept = 10;                         // of those, kept open while nobody uses them
};

// One database: one SQLite file or one PostgreSQL database.
// Lifecycle: opened once in main (open_database), outlives all services. Thread-safe.
// `write` runs the function inside a transaction that is committed, durably, before `write` returns; an error
// rolls back. Concurrent writes of a process share one commit on SQLite; each function runs in a savepoint of
// its own. Functions must be short, touch nothing but the session, and may be run again after a serialisation
// failure (PostgreSQL), for at most ten seconds: `write` knows no caller's deadline or cancellation, so it
// may end that much after it. `read` runs the function on a consistent snapshot.
class Database {
 public:
  virtual ~Database() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  [[nodiscard]] virtual std::string display_url() const = 0;  // password masked

  template <class F>
  auto write(F&& function) -> std::invoke_result_t<F, Transaction&> {
    std::invoke_result_t<F, Transaction&> result;
    auto done = write_erased([&](Transaction& tx) -> Result<void> {
      result = function(tx);
      if (!result) return tl::unexpected(result.error());
      return {};
    });
    if (!done) return tl::unexpected(std::move(done).error());
    return result;
  }
  template <class F>
  auto read(F&& function) -> std::invoke_result_t<F, Session&> {
    std::invoke_result_t<F, Session&> result;
    auto done = read_erased([&](Session& session) -> Result<void> {
      result = function(session);
      if (!result) return tl::unexpected(result.error());
      return {};
    });
    if (!done) return tl::unexpected(std::move(done).error());
    return result;
  }
  // Whether the database answers now; the error says why not.
  virtual Result<void> ping() = 0;
  // A number that changes whenever any process commits (SQLite's data_version); nothing where it would cost a
  // query.
  virtual std::optional<std::int64_t> change_counter() = 0;

 protected:
  virtual Result<void> write_erased(FunctionRef<Result<void>(Transaction&)> function) = 0;
  virtual Result<void> read_erased(FunctionRef<Result<void>(Session&)> function) = 0;
};

// Opens `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`, makes missing folders and
// applies the migrations. `invalid` for another URL, `unsupported` for SQLite on a network file system or a
// schema newer than this program, `unavailable` if the server does not answer.
Result<std::unique_ptr<Database>> open_database(std::string_view url, const Limits& limits = {});

// Joins Args: `args(run_id, step, value)`; the temporaries live until the end of the full expression.
template <class... T>
auto args(const T&... values) {
  return std::array<Arg, sizeof...(T)>{Arg(values)...};
}

}  // namespace tracseq::sql
