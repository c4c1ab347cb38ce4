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

namespace tracseq::cli {
namespace {

constexpr auto kGrace = std::chrono::seconds{10};

}  // namespace

std::vector<Option> worker_options() {
  return {{"database-url", "URL", "The database whose jobs are run", Takes::one, false, "sqlite:///mlops.db",
           "MLOPS_DATABASE_URL"},
          {"artifact-root", "DIR", "Where artifacts are kept; absent: beside the database"},
          {"threads", "N", "Jobs at a time", Takes::one, false, "2"},
          {"drive", "", "Also drive what needs driving; ends after 60 s with nothing to do", Takes::nothing}};
}

Result<void> work(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const std::int64_t threads, in.integer("threads", 2, 1, 64));
  TRACSEQ_TRY(const api::Monitoring::Options monitoring, monitoring_settings());
  TRACSEQ_TRY(
      const auto core,
      api::Core::open({in.get("database-url"), in.get("artifact-root"), {}, {}, kVersion, monitoring}));
  const auto runner = core->make_worker(static_cast<int>(threads));
  runner->start();
  std::optional<api::Driver> driver;
  if (in.has("drive")) {
    driver.emplace(core->database(), core->driver_steps(), api::Driver::Rank::detached);
    driver->start();
  }
  log::info("worker.started", {{"database", core->database().display_url()}, {"drives", driver.has_value()}});
  while (wait_signal(std::chrono::milliseconds{500}) == 0) {
    if (!driver || runner->busy() > 0) continue;
    if (driver->idle()) break;
  }
  if (driver) driver->stop();
  runner->stop(kGrace);
  log::info("worker.stopped");
  return {};
}

}  // namespace tracseq::cli
