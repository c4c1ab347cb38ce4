// SPDX-License-Identifier: MIT
// Slow (30 s): eight processes write one SQLite file as fast as they can.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "storage/sql/processes.h"
#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

using namespace std::chrono_literals;

constexpr int kProcesses = 8;
constexpr auto kFor = 30s;
constexpr auto kWaitMax = 1s;

// Writes until the time is over; leaves the number of acknowledged rows and the longest wait in a file.
int write_until(const std::string& url, int process, Steady::time_point end, const std::string& report) {
  const auto database = open_database(url);
  if (!database) return 1;
  std::int64_t written = 0;
  Steady::duration longest{};
  while (Steady::now() < end) {
    const std::string name = std::to_string(process) + "/" + std::to_string(written);
    const auto started = Steady::now();
    const auto done = (*database)->write([&](Transaction& tx) {
      return tx.execute({"test.add", "INSERT INTO counters (name, value) VALUES (?, ?)"},
                        args(name, process));
    });
    if (!done) {
      std::fprintf(stderr, "process %d: %s %s\n", process, done.error().message.c_str(),
                   done.error().detail.c_str());
      return 2;
    }
    longest = std::max(longest, Steady::now() - started);
    ++written;
  }
  std::ofstream(report) << written << ' '
                        << std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
  return 0;
}

// The longest fsync of a small file beside the database until the time is over: what the disk itself made
// everybody wait.
Steady::duration longest_sync(const std::filesystem::path& folder, Steady::time_point end) {
  const int file = ::open((folder / "probe").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  EXPECT_GE(file, 0);
  Steady::duration longest{};
  for (; Steady::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
    const auto started = Steady::now();
    EXPECT_EQ(::pwrite(file, "x", 1, 0), 1);
    EXPECT_EQ(::fdatasync(file), 0);
    longest = std::max(longest, Steady::now() - started);
  }
  ::close(file);
  return longest;
}

TEST(SqliteContentionSlow, EightProcessesTakeTurnsAndLoseNothing) {
  const testing::Fresh fresh("sqlite");
  const auto end = Steady::now() + kFor;
  testing::Children children;
  const auto report = [&](int i) { return (fresh.folder() / ("report-" + std::to_string(i))).string(); };
  for (int i = 0; i < kProcesses; ++i)
    children.start([&, i] { return write_until(fresh.url(), i, end, report(i)); });
  const auto disk_us =
      std::chrono::duration_cast<std::chrono::microseconds>(longest_sync(fresh.folder(), end)).count();
  EXPECT_EQ(children.wait_all(), std::vector<int>(kProcesses, 0));

  const auto database = open_database(fresh.url());
  ASSERT_TRUE(database);
  for (int i = 0; i < kProcesses; ++i) {
    std::int64_t written = 0;
    std::int64_t longest_us = 0;
    std::ifstream(report(i)) >> written >> longest_us;
    EXPECT_GT(written, 0) << "process " << i;
    // The whole write: its turn, the transaction and the fsync. A disk that stands still for a moment (a
    // busy machine's does) is no turn that was not given.
    EXPECT_LT(longest_us, std::chrono::microseconds(kWaitMax).count() + disk_us) << "process " << i;
    const auto stored = (*database)->read([&](Session& s) {
      return s.query_one({"test.stored", "SELECT count(*) FROM counters WHERE value = ?"}, args(i),
                         [](const Row& row) { return row.integer(0); });
    });
    ASSERT_TRUE(stored && *stored);
    EXPECT_EQ(**stored, written) << "process " << i;
    std::printf("process %d: %lld rows, longest wait %.1f ms\n", i, static_cast<long long>(written),
                static_cast<double>(longest_us) / 1000);
  }
}

}  // namespace
}  // namespace tracseq::sql
