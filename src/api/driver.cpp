// SPDX-License-Identifier: MIT
#include "api/driver.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/id.h"
#include "base/log.h"

namespace tracseq::api {
namespace {

constexpr const char* kDriveLease = "driver";          // its holder runs the steps
constexpr const char* kServerLease = "driver.server";  // a server is there and wants to drive
constexpr auto kShortPause = std::chrono::milliseconds{20};

CallContext driver_context(std::shared_ptr<std::atomic<bool>> cancelled) {
  CallContext ctx;
  ctx.actor.id = "system:driver";
  ctx.actor.permissions = {"*"};
  ctx.request_id = new_id();
  ctx.cancelled = std::move(cancelled);
  return ctx;
}

}  // namespace

Driver::Driver(sql::Database& database, std::vector<DriverStep> steps, Rank rank, DriverTimes times)
    : leases_(database),
      steps_(std::move(steps)),
      rank_(rank),
      times_(times),
      holder_(fmt::format("{}:{}", getpid(), new_id())) {}

Driver::~Driver() { stop(); }

void Driver::start() {
  threads_.emplace_back([this] { keep(); });
  threads_.emplace_back([this] { work(Lane::prompt); });
  threads_.emplace_back([this] { work(Lane::patient); });
}

void Driver::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    if (term_) term_->cancelled->store(true);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Driver::idle() const {
  const Lock lock(mutex_);
  return busy_ == 0 && Steady::now() - active_ > times_.idle_end;
}

bool Driver::is_stopping() const {
  const Lock lock(mutex_);
  return stopping_;
}

Driver::TermPtr Driver::term() const {
  const Lock lock(mutex_);
  return term_;
}

// The keeper's thread: it does nothing but hold the leases, so that no step, however long, lets them lapse.
void Driver::keep() {
  for (;;) {
    const bool stopping = is_stopping();
    if (!stopping && rank_ == Rank::server) announce();
    const bool leaves = stopping || should_step_back();
    const bool left = leaves && step_back();
    if (stopping && left) break;
    if (!left) hold();
    Lock lock(mutex_);
    leaving_ = leaves;
    changed_.wait_for(lock, leaves && !left ? kShortPause : std::min(times_.ask, times_.renew),
                      [&]() REQUIRES(mutex_) { return stopping_ && !stopping; });
  }
  if (announced_) (void)leases_.release(*announced_);
}

// Looks before one asks: asking is a write.
bool Driver::held_by_another(const char* name) {
  const auto current = leases_.current(name);
  return !current || (current->has_value() && (*current)->holder != holder_);
}

// Two servers on one database share the announcement: whoever has it will drive.
void Driver::announce() {
  if (announced_ && Steady::now() < renew_at_) return;
  if (!announced_ && held_by_another(kServerLease)) return;
  auto acquired = leases_.acquire(kServerLease, holder_, times_.lease, fmt::format("pid {}", getpid()));
  if (acquired) announced_ = std::move(*acquired);
}

bool Driver::should_step_back() {
  if (rank_ == Rank::server) return !announced_;
  const auto server = leases_.current(kServerLease);
  return server && server->has_value();
}

// Whether nothing runs any more and the lease is given back.
bool Driver::step_back() {
  const TermPtr held = term();
  if (!held) return true;
  held->cancelled->store(true);
  {
    const Lock lock(mutex_);
    leaving_ = true;
    if (busy_ > 0) return false;
  }
  (void)leases_.release(held->lease);
  set_term(std::nullopt);
  return true;
}

// Takes or renews the lease. One whose renewal fails is kept until its time is over: the database may be back
// before that.
void Driver::hold() {
  const TermPtr held = term();
  if (held && Steady::now() < renew_at_ && now() < held->lease.until) return;
  if (!held && held_by_another(kDriveLease)) return;
  auto acquired = leases_.acquire(kDriveLease, holder_, times_.lease, fmt::format("pid {}", getpid()));
  if (acquired) {
    if (*acquired) renew_at_ = Steady::now() + times_.renew;
    set_term(std::move(*acquired));
  } else if (held && now() >= held->lease.until) {
    log::warning("driver.lease_lost",
                 {{"message", acquired.error().message}, {"detail", acquired.error().detail}});
    set_term(std::nullopt);
  }
}

void Driver::set_term(std::optional<sql::Lease> lease) {
  {
    const Lock lock(mutex_);
    const bool same = term_ && lease && term_->lease.token == lease->token;
    if (term_ && !same) term_->cancelled->store(true);
    if (!lease) {
      term_.reset();
    } else {
      auto cancelled = same ? term_->cancelled : std::make_shared<std::atomic<bool>>(stopping_);
      term_ = std::make_shared<Term>(Term{std::move(*lease), std::move(cancelled)});
      if (!same) log::info("driver.drives", {{"token", term_->lease.token}});
    }
    driving_ = term_ != nullptr;
  }
  changed_.notify_all();
}

Driver::TermPtr Driver::begin_step() {
  const Lock lock(mutex_);
  if (!term_ || stopping_ || leaving_ || now() >= term_->lease.until) return nullptr;
  ++busy_;
  return term_;
}

void Driver::end_step(bool did_something) {
  {
    const Lock lock(mutex_);
    --busy_;
    if (did_something) active_ = Steady::now();
  }
  changed_.notify_all();
}

// Whether it is to be run again at once.
bool Driver::run_step(const DriverStep& step, const Term& term) {
  const auto done = step.run(driver_context(term.cancelled), term.lease);
  if (!done && !term.cancelled->load())
    log::warning("driver.step_failed",
                 {{"step", step.name}, {"message", done.error().message}, {"detail", done.error().detail}});
  end_step(done && *done > 0);
  return done && step.batch > 0 && *done >= step.batch;
}

// Waits until this process drives and it is `time`; false when it is to stop.
bool Driver::await_due(Steady::time_point time) {
  Lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return stopping_ || (term_ && !leaving_); });
    if (stopping_) return false;
    if (!changed_.wait_until(lock, time, [&]() REQUIRES(mutex_) { return stopping_ || !term_ || leaving_; }))
      return true;
  }
}

void Driver::work(Lane lane) {
  std::vector<std::pair<const DriverStep*, Steady::time_point>> due;
  for (const DriverStep& step : steps_)
    if (step.lane == lane) due.emplace_back(&step, Steady::now());
  const auto earlier = [](const auto& a, const auto& b) { return a.second < b.second; };
  while (!due.empty() && await_due(std::min_element(due.begin(), due.end(), earlier)->second)) {
    for (auto& [step, at] : due) {
      if (Steady::now() < at) continue;
      const TermPtr term = begin_step();
      if (!term) {  // its time is over; the keeper will say so soon
        std::this_thread::sleep_for(kShortPause);
        break;
      }
      at = Steady::now() + step->interval;
      if (run_step(*step, *term)) at = Steady::now();
    }
  }
}

}  // namespace tracseq::api
