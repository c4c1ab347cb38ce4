// SPDX-License-Identifier: MIT
#include "api/write_probe.h"

#include <fmt/core.h>

#include <filesystem>

namespace tracseq::api {
namespace {

constexpr sql::Statement kProbe{"probe.write",
                                "INSERT INTO counters (name, value) VALUES ('write_probe', 1) "
                                "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"};

// No answer where the system has none.
bool nearly_full(std::filesystem::path folder) {
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  const auto space = std::filesystem::space(folder, error);
  return !error && space.available < kFreeBytesMin;
}

}  // namespace

Result<void> WriteProbe::ask() {
  const Lock lock(mutex_);
  if (known_ && Steady::now() - asked_ < kWriteProbeFresh) return found_;
  found_ = find_out();
  asked_ = Steady::now();
  known_ = true;
  return found_;
}

Result<void> WriteProbe::find_out() {
  for (const Disk& disk : disks_)
    if (nearly_full(disk.folder))
      return fail(Code::storage_full, fmt::format("the disk of {} is full or nearly so", disk.name));
  TRACSEQ_CHECK(database_.write([](sql::Transaction& tx) { return tx.execute(kProbe, {}); }));
  return {};
}

}  // namespace tracseq::api
