// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/sql/postgres/connection.h"

namespace tracseq::sql::postgres {

// Connections, opened when first needed, at most `limits.connections`. Thread-safe.
class Pool {
 public:
  Pool(std::string url, const Limits& limits, FindStatementTimes times)
      : url_(std::move(url)), limits_(limits), times_(times) {}

  // A connection out of the pool; comes back, or is closed if it broke, when this ends.
  class Taken {
   public:
    Taken(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Taken(Taken&& other) noexcept = default;
    Taken& operator=(Taken&&) = delete;
    ~Taken() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // `unavailable` if none becomes free within `limits.turn_wait`, or the server does not answer.
  Result<Taken> take();

 private:
  void give_back(std::unique_ptr<Connection> connection);

  const std::string url_;
  const Limits limits_;
  const FindStatementTimes times_;

  Mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  int taken_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tracseq::sql::postgres
