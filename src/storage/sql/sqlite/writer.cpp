// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/writer.h"

#include <algorithm>
#include <thread>

#include "storage/sql/sqlite/patience.h"

namespace tracseq::sql::sqlite {
namespace {

// Whether this thread runs a transaction of that writer: another write inside it would wait for itself.
thread_local const Writer* running_in = nullptr;

}  // namespace

struct Writer::Request {
  enum class State { queued, taken, done };
  explicit Request(Function f, Steady::time_point u) : function(f), until(u) {}
  Function function;
  Steady::time_point until;
  Group::Outcome outcome;
  State state = State::queued;  // guarded by the writer's mutex
  std::condition_variable_any wake;
};

Writer::Writer(std::string path, std::unique_ptr<TurnLock> turn_lock, const Limits& limits)
    : path_(std::move(path)), limits_(limits), turn_lock_(std::move(turn_lock)) {}

Result<void> Writer::run(Function function) {
  if (running_in == this) return fail(Code::internal, "a write inside a write");
  const Patience patience(limits_.turn_wait);
  auto done = run_in_time(function, patience.until());
  if (!done) return fail(patience.judge(std::move(done).error()));
  return done;
}

Result<void> Writer::run_in_time(Function function, Steady::time_point until) {
  Request request(function, until);
  bool leads = false;
  {
    Lock lock(mutex_);
    while (resting_)  // a fork comes first: otherwise busy callers would never let it
      if (idle_->wait_until(lock, request.until) == std::cv_status::timeout && resting_)
        return fail(Code::unavailable, "the database is busy: the process is being forked");
    if (queue_.size() >= kWritersQueuedMax)
      return fail(Code::unavailable, "the database is busy: too many writes wait");
    if (!leading_) {
      leading_ = leads = true;
      request.state = Request::State::taken;
    } else {
      queue_.push_back(&request);
    }
    while (!leads && request.state != Request::State::done) {
      if (request.state == Request::State::taken) {
        request.wake.wait(lock);  // its function runs or its commit is under way
      } else if (!leading_ || Steady::now() >= request.until) {
        queue_.erase(std::find(queue_.begin(), queue_.end(), &request));
        if (leading_)
          return fail(Code::unavailable, "the database is busy: the write waited too long for its turn");
        leading_ = leads = true;
        request.state = Request::State::taken;
      } else {
        request.wake.wait_until(lock, request.until);
      }
    }
  }
  if (leads) lead(request);
  if (request.outcome.thrown) std::rethrow_exception(request.outcome.thrown);
  return std::move(request.outcome.result);
}

Result<void> Writer::connect() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (connection_) return {};
  TRACSEQ_TRY(connection_,
              Connection::open(path_, Connection::Use::write, Connection::Missing::refuse, limits_));
  return {};
}

#ifndef TRACSEQ_FAULT_EARLY_ACK
Writer::~Writer() = default;

void Writer::lead(Request& first) {
  members_.assign(1, &first);
  if (auto turn = Turn::take(*turn_lock_, first.until); !turn) {
    first.outcome.result = fail(std::move(turn).error());
  } else if (auto connected = connect(); !connected) {
    first.outcome.result = std::move(connected);
  } else {
    // What the turn left of the leader's time, and not a second time-out.
    connection_->wait_for_locks_until(first.until);
    run_group(first);
  }
  leave_lead();
}
#endif

void Writer::run_members(Group& group, Request& first) {
  const auto closes = Steady::now() + limits_.turn_hold;
  running_in = this;
  for (Request* request = &first; request != nullptr;) {
    request->outcome = group.run(request->function);
    // Who comes later may have more time to wait for the file than the leader had: it leads itself then.
    const bool full = group.refused() || group.lost() || connection_->broken() || Steady::now() >= closes;
    request = full ? nullptr : next_in_queue();
  }
  running_in = nullptr;
}

void Writer::run_group(Request& first) {
  {
    Group group(*connection_);
    run_members(group, first);
    running_in = this;  // for the hooks
    const auto committed = group.commit();
    running_in = nullptr;
    if (!committed)
      for (Request* member : members_)
        if (member->outcome.result) member->outcome.result = committed;
  }
  if (connection_->broken()) connection_.reset();
}

Writer::Request* Writer::next_in_queue() {
  const Lock lock(mutex_);
  if (queue_.empty()) return nullptr;
  Request* next = queue_.front();
  queue_.pop_front();
  next->state = Request::State::taken;
  members_.push_back(next);
  return next;
}

void Writer::acknowledge() {
  // Under the mutex: a member returns, and its request is gone, as soon as it can see that it is done.
  for (Request* member : members_) {
    member->state = Request::State::done;
    member->wake.notify_one();
  }
  members_.clear();
}

void Writer::leave_lead() {
  const Lock lock(mutex_);
  acknowledge();
  leading_ = false;
  if (!queue_.empty()) {
    queue_.front()->wake.notify_one();
  } else {
    idle_->notify_all();
  }
}

#ifdef TRACSEQ_FAULT_EARLY_ACK
// A build that is broken on purpose and must fail the kill test (tests/faults): it acknowledges first and
// commits 50 ms later.
namespace {
std::thread late_commit;
}

Writer::~Writer() {
  if (late_commit.joinable()) late_commit.join();
}

void Writer::lead(Request& first) {
  members_.assign(1, &first);
  auto turn = Turn::take(*turn_lock_, first.until);
  if (!turn || !connect()) {
    first.outcome.result = fail(Code::unavailable, "no turn or no connection");
    return leave_lead();
  }
  auto group = std::make_unique<Group>(*connection_);
  run_members(*group, first);
  {
    const Lock lock(mutex_);
    acknowledge();
  }
  if (late_commit.joinable()) late_commit.join();
  late_commit = std::thread([this, held = std::move(*turn), late = std::move(group)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    (void)late->commit();
    late.reset();
    {
      const Turn given_back = std::move(held);
    }
    leave_lead();
  });
}
#endif

bool Writer::rest(Steady::time_point until) {
  mutex_.lock();
  resting_ = true;
  while (leading_ || !queue_.empty()) {
    if (idle_->wait_until(mutex_, until) != std::cv_status::timeout) continue;
    go_on_in_parent();
    return false;
  }
  connection_.reset();
  return true;  // with the mutex, so that nobody stands inside it while the process is copied
}

void Writer::go_on_in_parent() {
  resting_ = false;
  idle_->notify_all();
  mutex_.unlock();
}

void Writer::go_on_in_child() {
  // Threads that wait in the parent do not exist here; what they wait on cannot be cleaned up, only left.
  (void)idle_.release();  // NOLINT(bugprone-unused-return-value): left to leak on purpose
  idle_ = std::make_unique<std::condition_variable_any>();
  turn_lock_->forget_file();
  resting_ = false;
  mutex_.unlock();
}

}  // namespace tracseq::sql::sqlite
