// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "storage/sql/database.h"
#include "storage/sql/statement_times.h"

// Only this folder includes libpq's header.
namespace tracseq::sql::postgres {

inline constexpr std::size_t kPreparedMax =
    200;  // per connection; beyond, the least recently used is dropped
// A server that has not answered so long after its own time limit for the statement will not: it is stopped,
// or its host is, while its kernel still acknowledges what is sent.
inline constexpr std::chrono::milliseconds kAnswerSlack{5'000};
inline constexpr std::size_t kBulkRowsMax = 10'000;  // rows per statement of a bulk insert

using PgResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

// One connection with its prepared statements. Used by one thread at a time; does not move.
class Connection {
 public:
  // `invalid` for a URL libpq cannot read, `unavailable` if the server does not answer in time or refuses,
  // `unsupported` if it is too old.
  static Result<std::unique_ptr<Connection>> open(const std::string& url, const Limits& limits,
                                                  FindStatementTimes times);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Several statements at once, without parameters.
  Result<void> script(const std::string& text);
  Result<std::int64_t> execute(const Statement& statement, Args args);
  Result<void> query(const Statement& statement, Args args, FunctionRef<Result<void>(const Row&)> visit);
  Result<std::int64_t> bulk_insert(const BulkInsert& insert, std::span<const Column> columns);

  // How long a statement may take, from its sending to the end of its answer, before the connection counts as
  // lost; 0: for ever. At first Limits::statement_timeout and kAnswerSlack, for ever if that is 0.
  void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }
  [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }

  [[nodiscard]] bool in_transaction() const;
  // The connection was lost: to be closed.
  [[nodiscard]] bool broken() const { return broken_; }
  // The SQLSTATE of the last failure since `forget_failure`; empty if there was none, or the connection was
  // lost.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  void forget_failure() { failure_.clear(); }

 private:
  struct Prepared {
    std::string text;  // as the caller wrote it
    std::string name;
    int parameters = 0;
    metrics::Histogram* times = nullptr;
  };
  using Cache = std::list<Prepared>;

  Connection(PGconn* handle, FindStatementTimes times) : handle_(handle), times_(times) {}
  Result<const Prepared*> prepare(const char* name, std::string_view text);
  Result<PgResult> run(const Statement& statement, Args args);
  Result<PgResult> answer(const char* name, bool sent);
  Result<void> await(const char* name, short events, Steady::time_point until);
  tl::unexpected<Error> failed(const char* name, const PGresult* result);

  PGconn* handle_;
  const FindStatementTimes times_;
  std::chrono::milliseconds patience_{0};
  bool broken_ = false;
  std::string failure_;
  std::int64_t prepared_count_ = 0;
  Cache cache_;  // most recently used first
  std::unordered_map<std::string_view, Cache::iterator> by_text_;
};

}  // namespace tracseq::sql::postgres
