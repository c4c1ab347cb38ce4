// SPDX-License-Identifier: MIT
// The floors of tracking, measured on this disk:
//   floor fsync DIR            one fsync of a 4 KiB append, p50 in µs
//   floor sqlite DIR SECONDS   one logged metric's statements (point, last value, audit) on our own tables,
//   one
//                              raw FULL transaction
//   floor writer DIR SECONDS CLIENTS BATCH   our own writer called directly
// Prints {"p50_us"} or {"points_per_second", "rows" that are there afterwards}.
#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/id.h"
#include "domain/audit/entry_statement.h"
#include "domain/tracking/metrics.h"
#include "domain/tracking/point_statements.h"
#include "domain/tracking/tracking.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace tracseq;

double p50_us(std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  return samples.empty() ? 0 : samples[samples.size() / 2];
}

double since_us(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

void need(bool good, const char* what) {
  if (good) return;
  fmt::print(stderr, "{} failed\n", what);
  std::exit(1);
}

int measure_fsync(const std::string& folder) {
  const int fd = open((folder + "/fsync.bin").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  need(fd >= 0, "open");
  const std::string page(4096, 'x');
  std::vector<double> samples;
  for (int i = 0; i < 300; ++i) {
    need(write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()), "write");
    const auto began = Clock::now();
    need(fdatasync(fd) == 0, "fdatasync");
    samples.push_back(since_us(began));
  }
  close(fd);
  fmt::print("{{\"p50_us\": {:.1f}}}\n", p50_us(samples));
  return 0;
}

sqlite3_stmt* prepare(sqlite3* db, const char* text) {
  sqlite3_stmt* statement = nullptr;
  need(sqlite3_prepare_v2(db, text, -1, &statement, nullptr) == SQLITE_OK, text);
  return statement;
}

void step(sqlite3_stmt* statement) {
  need(sqlite3_step(statement) == SQLITE_DONE, "step");
  sqlite3_reset(statement);
}

// A database of ours with one run, one series and one entry in the audit; the run's id.
std::string make_database(const std::string& file) {
  auto database = sql::open_database("sqlite:///" + file);
  need(database.has_value(), "open_database");
  audit::Ledger ledger(**database);
  tracking::Runs runs(**database, ledger);
  tracking::Metrics metrics(**database, ledger);
  const auto run = runs.start({}, {});
  need(run.has_value(), "start");
  need(metrics.log({}, {run->run_id, {{"", "loss", 0, {}, {}, 0.5}}}).has_value(), "log");
  return run->run_id;
}

std::string insert_point() {
  const auto& insert = tracking::kInsertPoints;
  std::string names;
  std::string marks;
  for (const char* column : insert.columns) {
    names += (names.empty() ? "" : ", ") + std::string(column);
    marks += marks.empty() ? "?" : ", ?";
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) {}", insert.table, names, marks, insert.suffix);
}

// Binds to `audit` what the last entry holds; the id is the caller's.
void bind_last_entry(sqlite3* db, sqlite3_stmt* audit) {
  const std::string text = audit::kInsertEntry.text;
  const std::size_t begin = text.find('(') + 1;
  const std::string columns = text.substr(begin, text.find(')') - begin);
  sqlite3_stmt* last =
      prepare(db, ("SELECT " + columns + " FROM audit_entries ORDER BY entry_id DESC LIMIT 1").c_str());
  need(sqlite3_step(last) == SQLITE_ROW, "an entry");
  for (int i = 0; i < sqlite3_column_count(last); ++i)
    sqlite3_bind_value(audit, i + 1, sqlite3_column_value(last, i));
  sqlite3_finalize(last);
}

int measure_sqlite(const std::string& folder, double seconds) {
  const std::string file = folder + "/floor.db";
  const std::string run_id = make_database(file);
  sqlite3* db = nullptr;
  need(sqlite3_open(file.c_str(), &db) == SQLITE_OK, "open");
  need(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", nullptr,
                    nullptr, nullptr) == SQLITE_OK,
       "pragmas");
  sqlite3_stmt* begin = prepare(db, "BEGIN IMMEDIATE");
  sqlite3_stmt* point = prepare(db, insert_point().c_str());
  sqlite3_stmt* last = prepare(db, tracking::kSetLast.text);
  sqlite3_stmt* audit = prepare(db, audit::kInsertEntry.text);
  sqlite3_stmt* commit = prepare(db, "COMMIT");
  sqlite3_bind_int64(point, 1, 1);  // the only series
  sqlite3_bind_text(last, 1, run_id.c_str(), -1, SQLITE_STATIC);
  sqlite3_bind_text(last, 2, "loss", -1, SQLITE_STATIC);
  bind_last_entry(db, audit);
  std::vector<double> samples;
  const auto until = Clock::now() + std::chrono::milliseconds(static_cast<int>(seconds * 1000));
  for (sqlite3_int64 i = 1; Clock::now() < until; ++i) {
    const double value = 0.5 + 1e-6 * static_cast<double>(i);
    const std::string entry_id = new_id();
    const auto began = Clock::now();
    step(begin);
    for (const int column : {2, 3, 6}) sqlite3_bind_int64(point, column, i);
    sqlite3_bind_int64(point, 4, sql::double_bits(value));
    step(point);
    for (const int column : {3, 4}) sqlite3_bind_int64(last, column, i);
    sqlite3_bind_double(last, 5, value);
    sqlite3_bind_int64(last, 6, sql::double_bits(value));
    step(last);
    sqlite3_bind_text(audit, 1, entry_id.c_str(), -1, SQLITE_STATIC);
    step(audit);
    step(commit);
    samples.push_back(since_us(began));
  }
  for (sqlite3_stmt* one : {begin, point, last, audit, commit}) sqlite3_finalize(one);
  sqlite3_close(db);
  fmt::print("{{\"p50_us\": {:.1f}}}\n", p50_us(samples));
  return 0;
}

std::int64_t count_points(sql::Database& database) {
  constexpr sql::Statement kCount{"floor.count", "SELECT COUNT(*) FROM metric_points"};
  const auto rows = database.read([&](sql::Session& session) {
    return session.query_one(kCount, {}, [](const sql::Row& row) { return row.integer(0); });
  });
  need(rows && *rows, "count");
  return **rows;
}

int measure_writer(const std::string& folder, double seconds, int clients, int size) {
  auto database = sql::open_database("sqlite:///" + folder + "/writer.db");
  need(database.has_value(), "open_database");
  audit::Ledger ledger(**database);
  tracking::Runs runs(**database, ledger);
  tracking::Metrics metrics(**database, ledger);
  const CallContext ctx;
  const auto run = runs.start(ctx, {});
  need(run.has_value(), "start");
  const std::int64_t before = count_points(**database);
  std::vector<std::thread> threads;
  const auto began = Clock::now();
  const auto until = began + std::chrono::milliseconds(static_cast<int>(seconds * 1000));
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&, c] {
      for (std::int64_t n = 0; Clock::now() < until; ++n) {
        tracking::LogMetrics batch{run->run_id, {}};
        for (int i = 0; i < size; ++i)
          batch.points.push_back({"", "m" + std::to_string(c), n * size + i, {}, {}, 0.5 + 1e-6 * i});
        need(metrics.log(ctx, batch).has_value(), "log");
      }
    });
  for (auto& thread : threads) thread.join();
  const double taken = since_us(began) / 1e6;
  const std::int64_t rows = count_points(**database) - before;
  fmt::print("{{\"points_per_second\": {:.0f}, \"rows\": {}}}\n", static_cast<double>(rows) / taken, rows);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "fsync") return measure_fsync(argv[2]);
  const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
  if (mode == "sqlite") return measure_sqlite(argv[2], seconds);
  if (mode == "writer" && argc == 6)
    return measure_writer(argv[2], seconds, std::atoi(argv[4]), std::atoi(argv[5]));
  fmt::print(stderr, "usage: floor fsync DIR | sqlite DIR SECONDS | writer DIR SECONDS CLIENTS BATCH\n");
  return 2;
}
