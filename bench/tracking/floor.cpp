// SPDX-License-Identifier: MIT
// The floors of tracking, measured on this disk:
//   floor fsync DIR            one fsync of a 4 KiB append, p50 in µs
//   floor sqlite DIR SECONDS   one logged metric's statements (point, last value, audit), one raw FULL
//   transaction floor writer DIR SECONDS CLIENTS BATCH   our own writer called directly
// Prints {"p50_us"} or {"points_per_second", "rows"}.
#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "domain/tracking/metrics.h"
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

int measure_sqlite(const std::string& folder, double seconds) {
  sqlite3* db = nullptr;
  need(sqlite3_open((folder + "/floor.db").c_str(), &db) == SQLITE_OK, "open");
  need(sqlite3_exec(
           db,
           "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
           "CREATE TABLE points (series INTEGER, step INTEGER, time INTEGER, value INTEGER, PRIMARY KEY "
           "(series, step, time, value)) WITHOUT ROWID;"
           "CREATE TABLE last (series INTEGER PRIMARY KEY, step INTEGER, time INTEGER, value INTEGER);"
           "CREATE TABLE audit (id INTEGER PRIMARY KEY, entry TEXT)",
           nullptr, nullptr, nullptr) == SQLITE_OK,
       "schema");
  sqlite3_stmt* begin = prepare(db, "BEGIN IMMEDIATE");
  sqlite3_stmt* point = prepare(db, "INSERT OR IGNORE INTO points VALUES (1, ?, ?, ?)");
  sqlite3_stmt* last = prepare(db,
                               "INSERT INTO last VALUES (1, ?, ?, ?) ON CONFLICT (series) DO UPDATE SET step "
                               "= excluded.step, time = excluded.time, value = excluded.value");
  sqlite3_stmt* audit = prepare(db, "INSERT INTO audit (entry) VALUES (?)");
  sqlite3_stmt* commit = prepare(db, "COMMIT");
  const std::string entry(400, 'a');
  std::vector<double> samples;
  const auto until = Clock::now() + std::chrono::milliseconds(static_cast<int>(seconds * 1000));
  for (sqlite3_int64 i = 0; Clock::now() < until; ++i) {
    const auto began = Clock::now();
    step(begin);
    for (sqlite3_stmt* one : {point, last})
      for (int k = 1; k <= 3; ++k) sqlite3_bind_int64(one, k, i);
    step(point);
    step(last);
    sqlite3_bind_text(audit, 1, entry.c_str(), static_cast<int>(entry.size()), SQLITE_STATIC);
    step(audit);
    step(commit);
    samples.push_back(since_us(began));
  }
  fmt::print("{{\"p50_us\": {:.1f}}}\n", p50_us(samples));
  return 0;
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
  std::atomic<std::int64_t> points{0};
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
        points += size;
      }
    });
  for (auto& thread : threads) thread.join();
  fmt::print("{{\"points_per_second\": {:.0f}, \"rows\": {}}}\n",
             static_cast<double>(points) / (since_us(began) / 1e6), points.load());
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
