// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/connection.h"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "storage/sql/postgres/array.h"
#include "storage/sql/postgres/errors.h"
#include "storage/sql/postgres/row.h"
#include "storage/sql/postgres/translate.h"
#include "storage/sql/url.h"

namespace tracseq::sql::postgres {
namespace {

constexpr int kServerVersionMin = 120'000;
constexpr int kBinary = 1;
constexpr int kText = 0;

std::string trimmed(const char* message) {
  std::string text = message != nullptr ? message : "";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// The parameters of one call in libpq's form; bytes are borrowed from the arguments.
struct Parameters {
  std::vector<std::string> texts;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;

  void add(const char* data, std::size_t size, int format) {
    values.push_back(data);
    lengths.push_back(static_cast<int>(size));
    formats.push_back(format);
  }
  void add_text(std::string text) {  // `texts` never grows beyond what was reserved: the pointers stay
    const std::string& kept = texts.emplace_back(std::move(text));
    add(kept.c_str(), kept.size(), kText);
  }
};

// Types are left to the server, which knows the columns: only bytes go in binary form.
Result<Parameters> encode(Args args) {
  Parameters out;
  out.texts.reserve(args.size());
  for (const Arg& arg : args) {
    if (const auto* number = std::get_if<std::int64_t>(&arg.value())) {
      out.add_text(fmt::format("{}", *number));
    } else if (const auto* real = std::get_if<double>(&arg.value())) {
      // The shortest digits that read back the same; "nan" and "inf" are PostgreSQL's words too.
      out.add_text(fmt::format("{}", *real));
    } else if (const auto* text = std::get_if<std::string_view>(&arg.value())) {
      if (text->find('\0') != std::string_view::npos)
        return fail(Code::invalid, "text must not contain the character U+0000");
      out.add_text(std::string(*text));
    } else if (const auto* bytes = std::get_if<ByteView>(&arg.value())) {
      out.add(bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data()), bytes->size(), kBinary);
    } else {
      out.add(nullptr, 0, kText);
    }
  }
  return out;
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{}", std::max<std::int64_t>(1, (time.count() + 999) / 1000));
}

void ignore_notice(void*, const char*) {}

// What libpq cannot read stays so: `invalid` now, rather than a server that is waited for.
Result<void> check_url(const std::string& url) {
  char* reason = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &reason);
  const bool fine = options != nullptr;
  PQconninfoFree(options);
  if (fine) return {};
  std::string why = trimmed(reason);
  PQfreemem(reason);
  if (const auto at = why.find(url); at != std::string::npos) why.replace(at, url.size(), mask_password(url));
  return fail_field("database_url",
                    fmt::format("database_url '{}' cannot be read: {}", mask_password(url), why));
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& url, const Limits& limits,
                                                     FindStatementTimes times) {
  TRACSEQ_CHECK(check_url(url));
  const std::string connect_timeout = seconds(limits.connect_timeout);
  // What the URL says wins over what stands before it. Dead peers are noticed within about 30 s.
  const std::array<const char*, 9> keywords{
      "connect_timeout",           "keepalives",       "keepalives_idle",
      "keepalives_interval",       "keepalives_count", "tcp_user_timeout",
      "fallback_application_name", "dbname",           nullptr};
  const std::array<const char*, 9> values{
      connect_timeout.c_str(), "1", "10", "5", "4", "30000", "tracseq", url.c_str(), nullptr};
  std::unique_ptr<Connection> connection(
      new Connection(PQconnectdbParams(keywords.data(), values.data(), 1), times));
  PGconn* handle = connection->handle_;
  if (handle == nullptr) return fail(Code::unavailable, "out of memory for a database connection");
  if (PQstatus(handle) != CONNECTION_OK)
    return fail(Code::unavailable, fmt::format("the database {} does not answer", mask_password(url)),
                trimmed(PQerrorMessage(handle)));
  if (PQserverVersion(handle) < kServerVersionMin)
    return fail(Code::unsupported, fmt::format("the database server is PostgreSQL {}; 12 or newer is needed",
                                               PQserverVersion(handle) / 10'000));
  const char* encoding = PQparameterStatus(handle, "server_encoding");
  if (encoding == nullptr || std::strcmp(encoding, "UTF8") != 0)
    return fail(Code::unsupported, fmt::format("the database's encoding is {}; it must be UTF8",
                                               encoding != nullptr ? encoding : "unknown"));
  PQsetNoticeProcessor(handle, &ignore_notice, nullptr);
  if (limits.statement_timeout.count() > 0) connection->patience_ = limits.statement_timeout + kAnswerSlack;
  if (PQsetnonblocking(handle, 1) != 0) return connection->failed("connect", nullptr);
  TRACSEQ_CHECK(connection->script(fmt::format(
      "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET synchronous_commit = on; SET "
      "extra_float_digits = 1; "
      "SET bytea_output = 'hex'; SET statement_timeout = {}; SET lock_timeout = {}; "
      "SET idle_in_transaction_session_timeout = {}",
      limits.statement_timeout.count(), limits.turn_wait.count(), 2 * limits.statement_timeout.count())));
  return connection;
}

Connection::~Connection() { PQfinish(handle_); }

bool Connection::in_transaction() const {
  const auto status = PQtransactionStatus(handle_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

tl::unexpected<Error> Connection::failed(const char* name, const PGresult* result) {
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  failure_ = state != nullptr ? state : "";
  if (connection_lost(failure_) || PQstatus(handle_) != CONNECTION_OK) broken_ = true;
  const std::string message =
      trimmed(result != nullptr ? PQresultErrorMessage(result) : PQerrorMessage(handle_));
  return fail(error_of_state(broken_ && failure_.empty() ? "" : failure_,
                             fmt::format("{}: {} ({})", name, message, failure_)));
}

// Waits until the socket is ready. Past the time the connection is given up: its next answer would be taken
// for another statement's.
Result<void> Connection::await(const char* name, short events, Steady::time_point until) {
  pollfd waited{PQsocket(handle_), events, 0};
  for (;;) {
    int left = -1;
    if (until != Steady::time_point::max())
      left = static_cast<int>(std::max<std::int64_t>(
          0, std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now()).count()));
    const int ready = ::poll(&waited, 1, left);
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    broken_ = true;
    failure_.clear();
    return fail(Code::unavailable, "the database server does not answer",
                ready == 0 ? fmt::format("{}: no answer within {} ms", name, patience_.count())
                           : fmt::format("{}: {}", name, std::strerror(errno)));
  }
}

// The answer to what was sent: of several statements the first failure, else the last result.
Result<PgResult> Connection::answer(const char* name, bool sent) {
  if (!sent) return failed(name, nullptr);
  const auto until = patience_.count() > 0 ? Steady::now() + patience_ : Steady::time_point::max();
  for (int left = PQflush(handle_); left != 0; left = PQflush(handle_)) {
    if (left < 0) return failed(name, nullptr);
    TRACSEQ_CHECK(await(name, POLLIN | POLLOUT, until));
    if (PQconsumeInput(handle_) == 0) return failed(name, nullptr);
  }
  PgResult result(nullptr, &PQclear);
  for (;;) {
    while (PQisBusy(handle_) != 0) {
      TRACSEQ_CHECK(await(name, POLLIN, until));
      if (PQconsumeInput(handle_) == 0) return failed(name, nullptr);
    }
    PgResult next(PQgetResult(handle_), &PQclear);
    if (!next) break;
    if (!result || PQresultStatus(result.get()) != PGRES_FATAL_ERROR) result = std::move(next);
  }
  if (!result) return failed(name, nullptr);
  return result;
}

Result<void> Connection::script(const std::string& text) {
  TRACSEQ_TRY(const PgResult result, answer("script", PQsendQuery(handle_, text.c_str()) == 1));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
    return failed("script", result.get());
  return {};
}

Result<const Connection::Prepared*> Connection::prepare(const char* name, std::string_view text) {
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return &*found->second;
  }
  if (cache_.size() >= kPreparedMax) {
    TRACSEQ_CHECK(script("DEALLOCATE " + cache_.back().name));
    by_text_.erase(cache_.back().text);
    cache_.pop_back();
  }
  Prepared fresh;
  fresh.text = text;
  fresh.name = fmt::format("s{}", ++prepared_count_);
  fresh.times = &times_(name);
  const std::string numbered = number_parameters(text, fresh.parameters);
  TRACSEQ_TRY(const PgResult result,
              answer(name, PQsendPrepare(handle_, fresh.name.c_str(), numbered.c_str(), 0, nullptr) == 1));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return failed(name, result.get());
  cache_.push_front(std::move(fresh));
  by_text_.emplace(cache_.front().text, cache_.begin());
  return &cache_.front();
}

Result<PgResult> Connection::run(const Statement& statement, Args args) {
  const char* text = statement.postgres != nullptr ? statement.postgres : statement.text;
  TRACSEQ_TRY(const Prepared* prepared, prepare(statement.name, text));
  if (prepared->parameters != static_cast<int>(args.size()))
    return fail(Code::internal, "a database statement got the wrong number of parameters", statement.name);
  TRACSEQ_TRY(const Parameters parameters, encode(args));
  const StatementTimer timer(*prepared->times, Steady::now());
  const bool sent =
      PQsendQueryPrepared(handle_, prepared->name.c_str(), prepared->parameters, parameters.values.data(),
                          parameters.lengths.data(), parameters.formats.data(), kText) == 1;
  TRACSEQ_TRY(PgResult result, answer(statement.name, sent));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failed(statement.name, result.get());
  return result;
}

Result<std::int64_t> Connection::execute(const Statement& statement, Args args) {
  TRACSEQ_TRY(const PgResult result, run(statement, args));
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

Result<void> Connection::query(const Statement& statement, Args args,
                               FunctionRef<Result<void>(const Row&)> visit) {
  TRACSEQ_TRY(const PgResult result, run(statement, args));
  ResultRow row(result.get());
  for (int i = 0, rows = PQntuples(result.get()); i < rows; ++i) {
    row.move_to(i);
    TRACSEQ_CHECK(visit(row));
  }
  return {};
}

Result<std::int64_t> Connection::bulk_insert(const BulkInsert& insert, std::span<const Column> columns) {
  const auto size_of = [](const Column& column) {
    return std::visit([](const auto& v) { return v.size(); }, column);
  };
  if (columns.empty() || columns.size() != insert.columns.size())
    return fail(Code::internal, "a bulk insert got the wrong number of columns", insert.name);
  const std::size_t rows = size_of(columns.front());
  std::string names;
  std::string arrays;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (size_of(columns[i]) != rows)
      return fail(Code::internal, "a bulk insert got columns of unequal length", insert.name);
    names += fmt::format("{}{}", i == 0 ? "" : ", ", insert.columns.begin()[i]);
    arrays += fmt::format("{}?::{}", i == 0 ? "" : ", ", array_type(columns[i]));
  }
  const std::string text = fmt::format("INSERT INTO {} ({}) SELECT * FROM unnest({}) {}", insert.table, names,
                                       arrays, insert.suffix);
  std::int64_t inserted = 0;
  for (std::size_t first = 0; first < rows; first += kBulkRowsMax) {
    const std::size_t count = std::min(kBulkRowsMax, rows - first);
    std::vector<std::string> encoded;
    std::vector<Arg> args;
    encoded.reserve(columns.size());
    for (const Column& column : columns) {
      TRACSEQ_TRY(std::string array, binary_array(column, first, count));
      args.emplace_back(bytes_of(encoded.emplace_back(std::move(array))));
    }
    TRACSEQ_TRY(const std::int64_t done, execute({insert.name, text.c_str()}, args));
    inserted += done;
  }
  return inserted;
}

}  // namespace tracseq::sql::postgres
