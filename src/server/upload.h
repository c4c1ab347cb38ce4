// SPDX-License-Identifier: MIT
// Private to the server: a request's body on its way from the socket to a handler on another thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace tracseq::server {

// A bounded queue of pieces. The I/O thread pushes while `has_room` and is told by `on_room` when there is
// room again; the handler's thread reads and waits. Thread-safe between those two.
class Upload final : public ByteSource {
 public:
  // `on_room` is called on the handler's thread.
  Upload(std::size_t chunks_max, std::function<void()> on_room)
      : chunks_max_(chunks_max), on_room_(std::move(on_room)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override;

  // I/O thread.
  [[nodiscard]] bool has_room() const;
  void push(std::string chunk);
  void finish();
  // The rest will not come: the handler's next read fails with this.
  void abort(Error error);

 private:
  const std::size_t chunks_max_;
  const std::function<void()> on_room_;
  mutable Mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<std::string> chunks_ GUARDED_BY(mutex_);
  std::size_t at_ GUARDED_BY(mutex_) = 0;  // bytes already taken of the first piece
  bool finished_ GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::server
