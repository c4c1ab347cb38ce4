// SPDX-License-Identifier: MIT
#include "api/driver.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "base/id.h"
#include "base/log.h"

namespace tracseq::api {
namespace {

constexpr auto kLeaseTime = std::chrono::seconds{10};
constexpr auto kRenewAfter = std::chrono::seconds{3};
constexpr auto kAskAgain = std::chrono::seconds{1};  // while another holds the lease
constexpr auto kTick = std::chrono::milliseconds{50};
constexpr const char* kServerLease = "driver";
constexpr const char* kDetachedLease = "driver.detached";

CallContext driver_context() {
  CallContext ctx;
  ctx.actor.id = "system:driver";
  ctx.actor.permissions = {"*"};
  ctx.request_id = new_id();
  return ctx;
}

}  // namespace

Driver::Driver(sql::Database& database, std::vector<DriverStep> steps, Rank rank)
    : leases_(database),
      steps_(std::move(steps)),
      due_(steps_.size(), Steady::now()),
      rank_(rank),
      holder_(fmt::format("{}:{}", getpid(), new_id())) {
  idle_since_ = Steady::now().time_since_epoch().count();
}

Driver::~Driver() { stop(); }

void Driver::start() {
  thread_ = std::thread([this] { loop(); });
}

void Driver::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

// A detached driver steps back whenever a server drives; two servers share one lease, so one of them drives.
bool Driver::hold_lease() {
  if (Steady::now() < renew_at_) return lease_.has_value();
  if (rank_ == Rank::detached) {
    const auto server = leases_.current(kServerLease);
    if (!server || server->has_value()) {
      if (lease_) (void)leases_.release(*lease_);
      lease_.reset();
      renew_at_ = Steady::now() + kAskAgain;
      return false;
    }
  }
  auto acquired = leases_.acquire(rank_ == Rank::server ? kServerLease : kDetachedLease, holder_, kLeaseTime,
                                  fmt::format("pid {}", getpid()));
  const bool held = acquired && acquired->has_value();
  if (held && !lease_) log::info("driver.drives", {{"token", (*acquired)->token}});
  lease_ = held ? std::move(*acquired) : std::nullopt;
  renew_at_ = Steady::now() + (held ? kRenewAfter : kAskAgain);
  return held;
}

void Driver::run_due() {
  for (std::size_t i = 0; i < steps_.size() && !stopping_; ++i) {
    if (Steady::now() < due_[i]) continue;
    due_[i] = Steady::now() + steps_[i].interval;
    const auto done = steps_[i].run(driver_context());
    if (!done)
      log::warning(
          "driver.step_failed",
          {{"step", steps_[i].name}, {"message", done.error().message}, {"detail", done.error().detail}});
    else if (*done > 0)
      idle_since_ = Steady::now().time_since_epoch().count();
    if (done && steps_[i].batch > 0 && *done >= steps_[i].batch) due_[i] = Steady::now();
  }
}

bool Driver::due_now() const {
  return std::any_of(due_.begin(), due_.end(), [](const auto due) { return due <= Steady::now(); });
}

void Driver::loop() {
  while (!stopping_) {
    driving_ = hold_lease();
    if (driving_) run_due();
    if (!driving_ || !due_now()) std::this_thread::sleep_for(kTick);
  }
  if (lease_) (void)leases_.release(*lease_);
  driving_ = false;
}

}  // namespace tracseq::api
