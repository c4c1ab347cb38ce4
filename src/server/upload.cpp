// SPDX-License-Identifier: MIT
#include "server/upload.h"

#include <algorithm>
#include <cstring>

namespace tracseq::server {

Result<std::size_t> Upload::read(std::span<std::byte> buffer) {
  std::size_t count = 0;
  bool room = false;
  {
    Lock lock(mutex_);
    // The I/O thread ends every upload: with its last byte, with a time-out or when the connection breaks.
    while (chunks_.empty() && !finished_ && !error_) arrived_.wait(lock);
    if (error_) return fail(*error_);
    if (chunks_.empty()) return 0U;
    const std::string& first = chunks_.front();
    count = std::min(buffer.size(), first.size() - at_);
    std::memcpy(buffer.data(), first.data() + at_, count);
    at_ += count;
    if (at_ == first.size()) {
      chunks_.pop_front();
      at_ = 0;
      room = chunks_.size() + 1 == chunks_max_;
    }
  }
  if (room) on_room_();
  return count;
}

bool Upload::has_room() const {
  const Lock lock(mutex_);
  return chunks_.size() < chunks_max_;
}

void Upload::push(std::string chunk) {
  if (chunk.empty()) return;
  const Lock lock(mutex_);
  chunks_.push_back(std::move(chunk));
  arrived_.notify_one();
}

void Upload::finish() {
  const Lock lock(mutex_);
  finished_ = true;
  arrived_.notify_one();
}

void Upload::abort(Error error) {
  const Lock lock(mutex_);
  if (!finished_) error_ = std::move(error);
  arrived_.notify_one();
}

}  // namespace tracseq::server
