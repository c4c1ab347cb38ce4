// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/connection.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/sql/statement_times.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr int kStepsBetweenChecks =
    20'000;  // virtual machine steps between looks at the clock: well under 1 ms
// The log is folded back into the file every 16 MiB and keeps at most 64 MiB of disk afterwards. Readers hold
// little memory: the system caches the file.
constexpr const char* kReaderSetup =
    "PRAGMA query_only = ON; PRAGMA cache_size = -1024; PRAGMA case_sensitive_like = ON; PRAGMA temp_store = "
    "MEMORY;";
#ifdef TRACSEQ_FAULT_NO_SYNC
// A build that is broken on purpose and must fail the power-cut test (tests/faults).
#define TRACSEQ_SYNCHRONOUS "OFF"
#else
#define TRACSEQ_SYNCHRONOUS "FULL"
#endif
constexpr const char* kWriterSetup =
    "PRAGMA synchronous = " TRACSEQ_SYNCHRONOUS
    "; PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096; PRAGMA "
    "case_sensitive_like = ON;"
    "PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;";

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] int columns() const override { return sqlite3_column_count(statement_); }
  [[nodiscard]] std::string_view name(int column) const override {
    return sqlite3_column_name(statement_, column);
  }
  [[nodiscard]] bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] double real(int column) const override { return sqlite3_column_double(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const override {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  [[nodiscard]] ByteView bytes(int column) const override {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  // A null pointer would bind NULL.
  return sqlite3_bind_text64(statement, index, text.data() != nullptr ? text.data() : "", text.size(),
                             SQLITE_STATIC, SQLITE_UTF8);
}

int bind_bytes(sqlite3_stmt* statement, int index, ByteView bytes) {
  if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
  return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
}

int bind(sqlite3_stmt* statement, int index, const Arg::Value& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, index, v); }
    int operator()(double v) const { return sqlite3_bind_double(statement, index, v); }
    int operator()(std::string_view v) const { return bind_text(statement, index, v); }
    int operator()(ByteView v) const { return bind_bytes(statement, index, v); }
  };
  return std::visit(Binder{statement, index}, value);
}

// Both databases take the same texts, and PostgreSQL takes no NUL.
bool has_nul(std::string_view text) { return std::memchr(text.data(), 0, text.size()) != nullptr; }
bool value_has_nul(const Arg::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr && !text->empty() && has_nul(*text);
}

struct ElementBinder {
  sqlite3_stmt* statement;
  int index;
  std::size_t row;
  template <class T>
  int operator()(std::span<const T> values) const {
    return one(values[row]);
  }
  template <class T>
  [[nodiscard]] int one(const std::optional<T>& value) const {
    return value ? one(*value) : sqlite3_bind_null(statement, index);
  }
  [[nodiscard]] int one(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  [[nodiscard]] int one(double value) const { return sqlite3_bind_double(statement, index, value); }
  [[nodiscard]] int one(const Blob& value) const {
    return bind_bytes(statement, index, bytes_of(value.bytes));
  }
  [[nodiscard]] int one(const std::string& value) const {
    return has_nul(value) ? SQLITE_MISMATCH : bind_text(statement, index, value);
  }
};

tl::unexpected<Error> nul_refused() {
  return fail(Code::invalid, "text must not contain the character U+0000");
}

}  // namespace

struct Connection::Prepared {
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle{nullptr, &sqlite3_finalize};
  std::string text;
  metrics::Histogram* times = nullptr;
  bool busy = false;
};

// A statement while it runs. Taken from the cache, or, when the cached one runs already further up the stack,
// its own.
class Connection::InUse {
 public:
  explicit InUse(Prepared* cached) : cached_(cached), handle_(cached->handle.get()), times_(cached->times) {
    cached_->busy = true;
  }
  explicit InUse(Prepared own) : own_(std::move(own)), handle_(own_.handle.get()), times_(own_.times) {}
  InUse(InUse&& other) noexcept
      : cached_(std::exchange(other.cached_, nullptr)),
        own_(std::move(other.own_)),
        handle_(std::exchange(other.handle_, nullptr)),
        times_(other.times_) {}
  InUse& operator=(InUse&&) = delete;
  ~InUse() {
    if (handle_ == nullptr) return;
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    if (cached_ != nullptr) cached_->busy = false;
  }
  [[nodiscard]] sqlite3_stmt* handle() const { return handle_; }
  [[nodiscard]] metrics::Histogram& times() const { return *times_; }

 private:
  Prepared* cached_ = nullptr;
  Prepared own_;
  sqlite3_stmt* handle_;
  metrics::Histogram* times_;
};

Connection::Connection(sqlite3* handle, const Limits& limits)
    : handle_(handle), statement_timeout_(limits.statement_timeout) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_progress_handler(handle_, kStepsBetweenChecks, &Connection::check_deadline, this);
}

Connection::~Connection() {
  by_text_.clear();
  cache_.clear();
  sqlite3_close_v2(handle_);
}

int Connection::check_deadline(void* self) {
  return Steady::now() > static_cast<Connection*>(self)->deadline_ ? 1 : 0;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Use use, Missing missing,
                                                     const Limits& limits) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (missing == Missing::create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error = error_of(handle, code, "open");
    error.message = fmt::format("the database file {} cannot be opened: {}", path, error.message);
    sqlite3_close_v2(handle);
    return fail(std::move(error));
  }
  std::unique_ptr<Connection> connection(new Connection(handle, limits));
  connection->wait_for_locks_until(Steady::now() + limits.turn_wait);
  TRACSEQ_CHECK(connection->script(use == Use::read ? kReaderSetup : kWriterSetup));
  return connection;
}

void Connection::wait_for_locks_until(Steady::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
  sqlite3_busy_timeout(handle_, static_cast<int>(std::max<std::int64_t>(0, left.count())));
}

tl::unexpected<Error> Connection::failed(const char* name, int code) {
  const int primary = code & 0xff;
  if (primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) broken_ = true;
  return fail(error_of(handle_, code, name));
}

Result<void> Connection::script(const std::string& text) {
  deadline_ = Steady::time_point::max();
  const int code = sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed("script", code);
  return {};
}

Result<Connection::InUse> Connection::prepare(const char* name, std::string_view text) {
  const auto found = by_text_.find(text);
  if (found != by_text_.end() && !found->second->busy) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return InUse(&*found->second);
  }
  Prepared fresh;
  fresh.text = text;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, fresh.text.c_str(), static_cast<int>(fresh.text.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return failed(name, code);
  fresh.handle.reset(handle);
  fresh.times = &statement_times(name);
  if (handle == nullptr) return fail(Code::internal, "an empty database statement", name);
  if (found != by_text_.end()) return InUse(std::move(fresh));  // runs already further up the stack
  if (cache_.size() >= kPreparedMax && !cache_.back().busy) {
    by_text_.erase(cache_.back().text);
    cache_.pop_back();
  }
  cache_.push_front(std::move(fresh));
  by_text_.emplace(cache_.front().text, cache_.begin());
  return InUse(&cache_.front());
}

Result<void> Connection::query(const Statement& statement, Args args,
                               FunctionRef<Result<void>(const Row&)> visit) {
  TRACSEQ_TRY(InUse running, prepare(statement.name, statement.text));
  sqlite3_stmt* handle = running.handle();
  if (sqlite3_bind_parameter_count(handle) != static_cast<int>(args.size()))
    return fail(Code::internal, "a database statement got the wrong number of parameters", statement.name);
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (value_has_nul(args[i].value())) return nul_refused();
    const int code = bind(handle, static_cast<int>(i) + 1, args[i].value());
    if (code != SQLITE_OK) return failed(statement.name, code);
  }
  const auto start = Steady::now();
  deadline_ = std::min(start + statement_timeout_, interrupt_at_);
  const StatementTimer timer(running.times(), start);
  const StatementRow row(handle);
  for (;;) {
    const int code = sqlite3_step(handle);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return failed(statement.name, code);
    TRACSEQ_CHECK(visit(row));
  }
}

Result<std::int64_t> Connection::execute(const Statement& statement, Args args) {
  // Statements that change nothing leave the counter of changes as it was: the difference of totals is what
  // counts.
  const std::int64_t before = sqlite3_total_changes64(handle_);
  TRACSEQ_CHECK(query(statement, args, [](const Row&) -> Result<void> { return {}; }));
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

Result<std::int64_t> Connection::bulk_insert(const BulkInsert& insert, std::span<const Column> columns) {
  const auto size_of = [](const Column& column) {
    return std::visit([](const auto& v) { return v.size(); }, column);
  };
  if (columns.empty() || columns.size() != insert.columns.size())
    return fail(Code::internal, "a bulk insert got the wrong number of columns", insert.name);
  const std::size_t rows = size_of(columns.front());
  for (const Column& column : columns)
    if (size_of(column) != rows)
      return fail(Code::internal, "a bulk insert got columns of unequal length", insert.name);

  std::string head = fmt::format("INSERT INTO {} (", insert.table);
  std::string tuple = "(";
  for (const char* column : insert.columns) {
    head += fmt::format("{}{}", head.back() == '(' ? "" : ", ", column);
    tuple += tuple.back() == '(' ? "?" : ",?";
  }
  tuple += ")";
  // Three sizes of statement, so that few are prepared and most rows go in the largest.
  const std::int64_t before = sqlite3_total_changes64(handle_);
  for (std::size_t row = 0; row < rows;) {
    const std::size_t left = rows - row;
    const std::size_t chunk = left >= 100 ? 100 : left >= 10 ? 10 : 1;
    std::string text = head + ") VALUES ";
    for (std::size_t i = 0; i < chunk; ++i) text += (i == 0 ? "" : ",") + tuple;
    text += fmt::format(" {}", insert.suffix);
    TRACSEQ_TRY(InUse running, prepare(insert.name, text));
    int index = 0;
    for (std::size_t i = 0; i < chunk; ++i)
      for (const Column& column : columns) {
        const int code = std::visit(ElementBinder{running.handle(), ++index, row + i}, column);
        if (code == SQLITE_MISMATCH) return nul_refused();
        if (code != SQLITE_OK) return failed(insert.name, code);
      }
    const auto start = Steady::now();
    deadline_ = start + statement_timeout_;
    const StatementTimer timer(running.times(), start);
    const int code = sqlite3_step(running.handle());
    if (code != SQLITE_DONE) return failed(insert.name, code);
    row += chunk;
  }
  return sqlite3_total_changes64(handle_) - before;
}

}  // namespace tracseq::sql::sqlite
