// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/sql/postgres/entry.h"
#include "storage/sql/postgres/errors.h"
#include "storage/sql/postgres/pool.h"
#include "storage/sql/postgres/schema.h"
#include "storage/sql/url.h"

namespace tracseq::sql::postgres {
namespace {

// How long transactions that collide are run again, as long as a writer waits for its turn on SQLite.
constexpr auto kRetryMax = std::chrono::seconds(10);
constexpr std::string_view kUniqueViolation = "23505";
constexpr auto kPauseMax = std::chrono::milliseconds(100);
// Snapshots, as on SQLite. Two transactions that change the same row collide (40001) and one is run again;
// what else must not happen twice is held by unique indexes.
constexpr Statement kBeginWrite{"postgres.begin_write", "BEGIN ISOLATION LEVEL REPEATABLE READ"};
constexpr Statement kBeginRead{"postgres.begin_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
constexpr Statement kCommit{"postgres.commit", "COMMIT"};
constexpr Statement kRollback{"postgres.rollback", "ROLLBACK"};
constexpr Statement kPing{"postgres.ping", "SELECT 1"};

// A transaction, or a snapshot for reading; rolled back unless committed.
class PgTransaction final : public Transaction {
 public:
  explicit PgTransaction(Connection& connection) : connection_(connection) {}
  ~PgTransaction() override {
    if (!connection_.broken() && connection_.in_transaction()) (void)connection_.execute(kRollback, {});
  }
  PgTransaction(const PgTransaction&) = delete;
  PgTransaction& operator=(const PgTransaction&) = delete;

  Result<void> commit() {
    // By index: a hook may make another.
    for (std::size_t i = 0; i < hooks_.size(); ++i) TRACSEQ_CHECK(hooks_[i].second->before_commit(*this));
    TRACSEQ_CHECK(connection_.execute(kCommit, {}));
    return {};
  }
  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }
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
  CommitHook& hook(const void* key, FunctionRef<std::unique_ptr<CommitHook>()> make) override {
    for (const auto& [made_for, hook] : hooks_)
      if (made_for == key) return *hook;
    return *hooks_.emplace_back(key, make()).second;
  }

 private:
  Connection& connection_;
  std::vector<std::pair<const void*, std::unique_ptr<CommitHook>>> hooks_;
};

// Twice as long each time, at random, so that those who collided do not meet again.
void pause_before(int attempt) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  constexpr int kDoublingsMax = 8;
  const auto longest = std::min<std::chrono::microseconds>(
      kPauseMax, std::chrono::microseconds(500LL << std::min(attempt, kDoublingsMax)));
  std::this_thread::sleep_for(
      std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, longest.count())(generator)));
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::string url, const Limits& limits, FindStatementTimes times,
                   FindCallDeadline call_deadline)
      : url_(std::move(url)),
        statement_timeout_(limits.statement_timeout),
        call_deadline_(call_deadline),
        pool_(url_, limits, times) {}

  Result<void> prepare() {
    TRACSEQ_TRY(const auto connection, pool_.take());
    return bring_up_to_date(*connection, embedded_migrations());
  }
  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }
  [[nodiscard]] std::string display_url() const override { return mask_password(url_); }
  Result<void> ping() override {
    TRACSEQ_TRY(const auto connection, begin(kPing));
    return {};
  }
  std::optional<std::int64_t> change_counter() override { return std::nullopt; }

 protected:
  Result<void> write_erased(FunctionRef<Result<void>(Transaction&)> function) override {
    const auto end = std::min(Steady::now() + kRetryMax, call_deadline_());
    bool seen_duplicate = false;
    for (int attempt = 1;; ++attempt) {
      bool again = false;
      auto done = attempt_write(function, seen_duplicate, again);
      if (done || !again || Steady::now() >= end) return done;
      pause_before(attempt);
    }
  }
  Result<void> read_erased(FunctionRef<Result<void>(Session&)> function) override {
    TRACSEQ_TRY(const auto connection, begin(kBeginRead));
    PgTransaction snapshot(*connection);
    TRACSEQ_CHECK(end_with_call(*connection));
    return function(snapshot);
  }

 private:
  Result<void> attempt_write(FunctionRef<Result<void>(Transaction&)> function, bool& seen_duplicate,
                             bool& again) {
    TRACSEQ_TRY(const auto connection, begin(kBeginWrite));
    PgTransaction transaction(*connection);
    connection->forget_failure();
    TRACSEQ_CHECK(end_with_call(*connection));
    auto done = function(transaction);
    if (done) done = transaction.commit();
    if (done || connection->broken()) return done;
    // A duplicate may have come from a transaction this snapshot did not see: run again, the function sees it
    // and says what its own rules say.
    const std::string& failure = connection->failure();
    again = worth_repeating(failure) || (failure == kUniqueViolation && !std::exchange(seen_duplicate, true));
    return done;
  }
  // Runs the first statement on a connection. One that died while it lay in the pool is replaced: nothing was
  // done yet.
  Result<Pool::Taken> begin(const Statement& statement) {
    for (int attempt = 1;; ++attempt) {
      TRACSEQ_TRY(auto connection, pool_.take());
      auto begun = connection->execute(statement, {});
      if (begun) return connection;
      if (!connection->broken() || attempt > 1) return fail(std::move(begun).error());
    }
  }

  // Statements of this transaction take no longer than what is left of the call; costs a question and an
  // answer, and only where that is less than they may take anyway.
  Result<void> end_with_call(Connection& connection) {
    const auto deadline = call_deadline_();
    const auto now = Steady::now();
    if (statement_timeout_.count() > 0 && deadline > now + statement_timeout_) return {};
    if (deadline == Steady::time_point::max()) return {};
    if (deadline <= now) return fail(Code::deadline, "the call's deadline has passed");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    return connection.script(fmt::format("SET LOCAL statement_timeout = {}", left.count()));
  }

  const std::string url_;
  const std::chrono::milliseconds statement_timeout_;
  const FindCallDeadline call_deadline_;
  Pool pool_;
};

Result<std::unique_ptr<Database>> open(const std::string& url, const Limits& limits, FindStatementTimes times,
                                       FindCallDeadline call_deadline) {
  auto database = std::make_unique<PostgresDatabase>(url, limits, times, call_deadline);
  TRACSEQ_CHECK(database->prepare());
  return database;
}

}  // namespace
}  // namespace tracseq::sql::postgres

extern "C" __attribute__((visibility("default"))) bool tracseq_postgres_open(
    const char* url, const tracseq::sql::Limits* limits, tracseq::sql::FindStatementTimes times,
    tracseq::FindCallDeadline call_deadline, std::unique_ptr<tracseq::sql::Database>* database,
    tracseq::Error* error) {
  auto opened = tracseq::sql::postgres::open(url, *limits, times, call_deadline);
  if (opened) {
    *database = std::move(*opened);
  } else {
    *error = opened.error();
  }
  return opened.has_value();
}
