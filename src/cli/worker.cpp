// SPDX-License-Identifier: MIT
#include "cli/worker.h"

#include <fmt/core.h>

#include <cstdio>
#include <optional>

#include "api/core.h"
#include "base/log.h"
#include "cli/process.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "domain/data/work_folder.h"

namespace tracseq::cli {
namespace {

constexpr auto kGrace = std::chrono::seconds{10};
constexpr auto kSweepEvery = std::chrono::seconds{10};

constexpr std::int64_t kMemoryMbMax = 1 << 20;
constexpr std::int64_t kTempGbMax = 1 << 16;

Result<void> read_work(const Invocation& in, api::CoreOptions& options) {
  TRACSEQ_TRY(const std::int64_t memory_mb, in.integer("memory-limit-mb", 1024, 64, kMemoryMbMax));
  TRACSEQ_TRY(const std::int64_t temp_gb, in.integer("temp-limit-gb", 64, 1, kTempGbMax));
  options.tables.memory_bytes = static_cast<std::uint64_t>(memory_mb) << 20;
  options.tables.temp_bytes = static_cast<std::uint64_t>(temp_gb) << 30;
  options.work_root = in.get("work-dir");
  return {};
}

// Removes what killed workers left, now and from time to time: a worker started again at once finds the
// folder of the one before too young, and another's may be killed while this one runs.
class Sweeper {
 public:
  explicit Sweeper(std::string root) : root_(std::move(root)) {}
  void tend() {
    if (Steady::now() < next_) return;
    next_ = Steady::now() + kSweepEvery;
    if (const int swept = data::WorkFolder::sweep(root_); swept > 0)
      log::info("worker.swept", {{"folders", static_cast<std::int64_t>(swept)}});
  }

 private:
  const std::string root_;
  Steady::time_point next_{};
};

}  // namespace

std::vector<Option> work_options() {
  return {{"memory-limit-mb", "N", "Most memory of a job that reads tables; it spills the rest to --work-dir",
           Takes::one, false, "1024"},
          {"temp-limit-gb", "N", "Most such a job may spill", Takes::one, false, "64"},
          {"work-dir", "DIR", "Where jobs have their temporary folders; absent: the system's"}};
}

Result<std::vector<std::string>> worker_arguments(const Invocation& in) {
  api::CoreOptions checked;
  TRACSEQ_CHECK(read_work(in, checked));
  std::vector<std::string> arguments{"worker"};
  TRACSEQ_TRY(const auto settings, settings_arguments(in));
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  for (const char* name : {"artifact-root", "memory-limit-mb", "temp-limit-gb", "work-dir"})
    if (in.has(name)) arguments.insert(arguments.end(), {fmt::format("--{}", name), in.get(name)});
  return arguments;
}

std::vector<Option> worker_options() {
  return with(with(settings_options(),
                   {{"database-url", "URL",
                     "The database whose jobs are run; absent: MLOPS_DATABASE_URL, else the settings file's "
                     "database.url"},
                    {"artifact-root", "DIR", "Where artifacts are kept; absent: beside the database"},
                    {"threads", "N", "Jobs at a time", Takes::one, false, "2"},
                    {"drive", "", "Also drive what needs driving; ends after 60 s with nothing to do",
                     Takes::nothing}}),
              work_options());
}

Result<void> work(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const std::int64_t threads, in.integer("threads", 2, 1, 64));
  TRACSEQ_TRY(const config::Loaded settings, load_settings(in, "database-url"));
  api::CoreOptions options = api::core_options(settings.config);
  options.artifact_root = in.get("artifact-root");
  options.version = kVersion;
  TRACSEQ_CHECK(read_work(in, options));
  TRACSEQ_TRY(const auto core, api::Core::open(options));
  Sweeper sweeper(options.work_root);
  sweeper.tend();
  const auto runner = core->make_worker(static_cast<int>(threads));
  runner->start();
  std::optional<api::Driver> driver;
  if (in.has("drive")) {
    driver.emplace(core->database(), core->driver_steps(), api::Driver::Rank::detached);
    driver->start();
  }
  log::info("worker.started", {{"database", core->database().display_url()},
                               {"artifacts", core->options().artifact_root},
                               {"memory_mb", static_cast<std::int64_t>(options.tables.memory_bytes >> 20)},
                               {"drives", driver.has_value()}});
  while (wait_signal(std::chrono::milliseconds{500}) == 0) {
    sweeper.tend();
    if (!driver || runner->busy() > 0) continue;
    if (driver->idle()) break;
  }
  if (driver) driver->stop();
  runner->stop(kGrace);
  log::info("worker.stopped");
  return {};
}

}  // namespace tracseq::cli
