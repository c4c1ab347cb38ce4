// SPDX-License-Identifier: MIT
// Slow (30 s): eight processes write one SQLite file as fast as they can.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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
constexpr auto kDiskMax = 3s;  // a disk that stands still for longer excuses nobody

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

// The longest fdatasync of a small file beside the database until the time is over: what the disk itself made
// everybody wait. Ends at once when the file cannot be written.
Steady::duration longest_sync(int file, Steady::time_point end) {
  Steady::duration longest{};
  for (; Steady::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
    const auto started = Steady::now();
    if (::pwrite(file, "x", 1, 0) != 1 || ::fdatasync(file) != 0) {
      ADD_FAILURE() << "the probe cannot be written: " << std::strerror(errno);
      break;
    }
    longest = std::max(longest, Steady::now() - started);
  }
  return longest;
}

TEST(SqliteContentionSlow, EightProcessesTakeTurnsAndLoseNothing) {
  const testing::Fresh fresh("sqlite");
  const int probe = ::open((fresh.folder() / "probe").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(probe, 0) << std::strerror(errno);
  const auto end = Steady::now() + kFor;
  testing::Children children;
  const auto report = [&](int i) { return (fresh.folder() / ("report-" + std::to_string(i))).string(); };
  for (int i = 0; i < kProcesses; ++i)
    children.start([&, i] { return write_until(fresh.url(), i, end, report(i)); });
  const auto disk = std::min<Steady::duration>(longest_sync(probe, end), kDiskMax);
  ::close(probe);
  const auto allowed_us = std::chrono::duration_cast<std::chrono::microseconds>(kWaitMax + disk).count();
  EXPECT_EQ(children.wait_all(), std::vector<int>(kProcesses, 0));

  const auto database = open_database(fresh.url());
  ASSERT_TRUE(database);
  for (int i = 0; i < kProcesses; ++i) {
    std::int64_t written = 0;
    std::int64_t longest_us = 0;
    std::ifstream(report(i)) >> written >> longest_us;
    EXPECT_GT(written, 0) << "process " << i;
    // The whole write: its turn, the transaction and the sync. A disk that stands still for a moment (a busy
    // machine's does) is no turn that was not given.
    EXPECT_LT(longest_us, allowed_us) << "process " << i;
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
