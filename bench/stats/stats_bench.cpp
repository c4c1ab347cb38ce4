// SPDX-License-Identifier: MIT
// stats_bench ks FILE_A FILE_B | bounds LOOKS | assignment IDS: one JSON line with the seconds (best of
// several) and what was computed, so that the caller can compare it with the peer's.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "stats/assignment.h"
#include "stats/group_sequential.h"
#include "stats/kolmogorov_smirnov.h"

namespace {

using namespace tracseq::stats;

constexpr int kRounds = 3;

template <class F>
double best_seconds(F&& work) {
  double best = 1e300;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

std::vector<double> read(const char* path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::vector<double> values(static_cast<std::size_t>(in.tellg()) / sizeof(double));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(double)));
  return values;
}

int ks(const char* a, const char* b) {
  const auto x = read(a), y = read(b);
  KsTest answer;
  const double seconds = best_seconds([&] { answer = ks_test(x, y).value(); });
  fmt::print("{{\"seconds\":{:.6f},\"statistic\":{:.17g}}}\n", seconds, answer.statistic);
  return 0;
}

int bounds(std::size_t looks) {
  std::vector<double> information;
  for (std::size_t i = 1; i <= looks; ++i)
    information.push_back(static_cast<double>(i) / static_cast<double>(looks));
  double last = 0;
  std::string all;
  for (const Spending spending : {Spending::obrien_fleming, Spending::pocock, Spending::power}) {
    const double seconds = best_seconds(
        [&] { last = sequential_bounds(information, {spending, 0.05, 2, false}).value().z.back(); });
    all += fmt::format("{}{{\"seconds\":{:.6f},\"last\":{:.17g}}}", all.empty() ? "" : ",", seconds, last);
  }
  fmt::print("[{}]\n", all);
  return 0;
}

int assignment(std::size_t count) {
  std::vector<std::string> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back(fmt::format("user-{:08}", i));
  const std::vector<double> shares{0.5, 0.5};
  const auto ranges = bucket_ranges(shares, 1).value();
  std::vector<std::size_t> seen(3, 0);
  const double seconds = best_seconds([&] {
    std::fill(seen.begin(), seen.end(), 0);
    for (const std::string& id : ids)
      ++seen[static_cast<std::size_t>(std::int64_t{1} + choose(bucket(BucketHash::v2, "bench", id), ranges))];
  });
  fmt::print("{{\"seconds\":{:.6f},\"first\":{},\"second\":{}}}\n", seconds, seen[1], seen[2]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "ks" && argc == 4) return ks(argv[2], argv[3]);
  if (what == "bounds" && argc == 3) return bounds(std::strtoul(argv[2], nullptr, 10));
  if (what == "assignment" && argc == 3) return assignment(std::strtoul(argv[2], nullptr, 10));
  fmt::print(stderr, "usage: stats_bench ks FILE FILE | bounds LOOKS | assignment IDS\n");
  return 2;
}
