// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/pool.h"

namespace tracseq::sql::postgres {

Result<Pool::Taken> Pool::take() {
  {
    Lock lock(mutex_);
    const auto until = Steady::now() + limits_.turn_wait;
    while (idle_.empty() && taken_ >= limits_.connections)
      if (freed_.wait_until(lock, until) == std::cv_status::timeout)
        return fail(Code::unavailable, "the database is busy: all its connections are in use");
    ++taken_;
    if (!idle_.empty()) {
      Taken taken(*this, std::move(idle_.back()));
      idle_.pop_back();
      return taken;
    }
  }
  auto opened = Connection::open(url_, limits_, times_);
  if (!opened) {
    give_back(nullptr);
    return fail(std::move(opened).error());
  }
  return Taken(*this, std::move(*opened));
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> dead;  // closed outside the mutex
  {
    const Lock lock(mutex_);
    --taken_;
    if (connection && !connection->broken() && !connection->in_transaction()) {
      idle_.push_back(std::move(connection));
    } else if (connection && connection->broken()) {
      dead.swap(idle_);  // a server that dropped one has most likely dropped all
    }
  }
  freed_.notify_one();
}

}  // namespace tracseq::sql::postgres
