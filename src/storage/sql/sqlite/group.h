// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "storage/sql/sqlite/connection.h"

namespace tracseq::sql::sqlite {

// One transaction of SQLite that carries the transactions of several callers. Used by one thread.
class Group final : public Transaction {
 public:
  using Function = FunctionRef<Result<void>(Transaction&)>;
  struct Outcome {
    Result<void> result;
    std::exception_ptr thrown;
  };

  explicit Group(Connection& connection) : connection_(connection) {}
  ~Group() override;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Runs one caller's transaction. The first runs straight in the group's, later ones in savepoints, so that
  // one that fails takes nothing along.
  Outcome run(Function function);
  // Whether the transaction could not begin: another program kept the file's lock.
  [[nodiscard]] bool refused() const { return refused_; }
  // Whether SQLite gave the whole transaction up (a full disk, an interrupted statement): nothing of it can
  // commit.
  [[nodiscard]] bool lost() const { return begun_ && !connection_.in_transaction(); }
  // Runs the hooks and commits. An error means that nothing was written; after an I/O error it may have been.
  Result<void> commit();

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  Result<void> query(const Statement& statement, Args args,
                     FunctionRef<Result<void>(const Row&)> visit) override {
    return connection_.query(statement, args, visit);
  }
  Result<std::int64_t> execute(const Statement& statement, Args args) override {
    return connection_.execute(statement, args);
  }
  Result<std::int64_t> bulk_insert(const BulkInsert& insert, std::span<const Column> columns) override {
    return connection_.bulk_insert(insert, columns);
  }
  CommitHook& hook(const void* key, FunctionRef<std::unique_ptr<CommitHook>()> make) override;

 private:
  Result<void> begin();
  void roll_back() noexcept;
  Outcome call(Function function);

  Connection& connection_;
  bool begun_ = false;
  bool refused_ = false;
  std::size_t members_ = 0;  // transactions that succeeded
  std::vector<std::pair<const void*, std::unique_ptr<CommitHook>>> hooks_;
};

}  // namespace tracseq::sql::sqlite
