// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/readers.h"

#include "storage/sql/sqlite/patience.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr Statement kBegin{"sqlite.begin_read", "BEGIN DEFERRED"};
constexpr Statement kEnd{"sqlite.end_read", "COMMIT"};
constexpr Statement kVersion{"sqlite.data_version", "PRAGMA data_version"};

thread_local int reading = 0;  // snapshots this thread is inside of

class Snapshot final : public Session {
 public:
  explicit Snapshot(Connection& connection) : connection_(connection) {}
  ~Snapshot() override {
    if (connection_.in_transaction()) (void)connection_.execute(kEnd, {});
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  Result<void> begin() {
    TRACSEQ_CHECK(connection_.execute(kBegin, {}));
    return {};
  }
  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  Result<void> query(const Statement& statement, Args args,
                     FunctionRef<Result<void>(const Row&)> visit) override {
    return connection_.query(statement, args, visit);
  }

 private:
  Connection& connection_;
};

}  // namespace

// Gives the connection back however the function ends.
class Readers::Taken {
 public:
  Taken(Readers& readers, std::unique_ptr<Connection> connection)
      : readers_(readers), connection_(std::move(connection)) {
    ++reading;
  }
  ~Taken() {
    --reading;
    readers_.give_back(std::move(connection_));
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  [[nodiscard]] Connection& connection() { return *connection_; }

 private:
  Readers& readers_;
  std::unique_ptr<Connection> connection_;
};

Result<std::unique_ptr<Connection>> Readers::take(Steady::time_point until) {
  {
    Lock lock(mutex_);
    // A fork comes first; but a read inside a read goes on, or the outer one would never end.
    while ((resting_ && reading == 0) || (idle_.empty() && taken_ >= limits_.connections))
      if (changed_->wait_until(lock, until) == std::cv_status::timeout)
        return fail(Code::unavailable, "the database is busy: all its connections are in use");
    ++taken_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto opened = Connection::open(path_, Connection::Use::read, Connection::Missing::refuse, limits_);
  if (!opened) give_back(nullptr);
  return opened;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  {
    const Lock lock(mutex_);
    --taken_;
    const bool kept = idle_.size() < static_cast<std::size_t>(limits_.connections_kept);
    if (kept && connection && !connection->broken()) idle_.push_back(std::move(connection));
  }
  changed_->notify_all();
}

Result<void> Readers::run(FunctionRef<Result<void>(Session&)> function) {
  const Patience patience(limits_.turn_wait);
  auto connection = take(patience.until());
  if (!connection) return fail(patience.judge(std::move(connection).error()));
  Taken taken(*this, std::move(*connection));
  taken.connection().wait_for_locks_until(patience.until());
  taken.connection().interrupt_at(CallDeadline::current());
  Snapshot snapshot(taken.connection());
  TRACSEQ_CHECK(snapshot.begin());
  return function(snapshot);
}

std::optional<std::int64_t> Readers::data_version() {
  const Lock lock(watch_mutex_);
  if (!watcher_) {
    auto opened = Connection::open(path_, Connection::Use::read, Connection::Missing::refuse, limits_);
    if (!opened) return std::nullopt;
    watcher_ = std::move(*opened);
  }
  std::optional<std::int64_t> version;
  const auto done = watcher_->query(kVersion, {}, [&](const Row& row) -> Result<void> {
    version = row.integer(0);
    return {};
  });
  if (!done) watcher_.reset();
  return version;
}

bool Readers::rest(Steady::time_point until) {
  mutex_.lock();
  resting_ = true;
  while (taken_ > 0) {
    if (changed_->wait_until(mutex_, until) != std::cv_status::timeout) continue;
    resting_ = false;
    changed_->notify_all();
    mutex_.unlock();
    return false;
  }
  idle_.clear();
  watch_mutex_.lock();
  watcher_.reset();
  return true;  // with both mutexes, so that nobody stands inside them while the process is copied
}

void Readers::go_on_in_parent() {
  watch_mutex_.unlock();
  resting_ = false;
  changed_->notify_all();
  mutex_.unlock();
}

void Readers::go_on_in_child() {
  // Threads that wait in the parent do not exist here; what they wait on cannot be cleaned up, only left.
  [[maybe_unused]] std::condition_variable_any* const left = changed_.release();
  changed_ = std::make_unique<std::condition_variable_any>();
  watch_mutex_.unlock();
  resting_ = false;
  mutex_.unlock();
}

}  // namespace tracseq::sql::sqlite
