// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tracseq::server {

// What bounds a server. The defaults suit a laboratory's machine; bodies are bounded per route
// (Route::body_bytes_max).
struct Limits {
  std::size_t header_bytes_max = 16UL << 10;  // 431 beyond
  std::size_t connections_max = 1'024;        // further ones are answered 503 and closed
  unsigned workers = 8;                       // threads of the pool for routes that wait
  std::size_t queue_max = 1'024;              // calls waiting for a worker; 429 beyond
  unsigned probe_workers = 2;                 // threads for probes, which are answered when no worker is free
  std::size_t probe_queue_max = 64;           // probes waiting for one; 429 beyond
  // Uploads under way; each holds a worker until its last byte. 0: half the workers, at least one. Further
  // ones wait unread for a turn, up to `chunk_timeout`: 429.
  std::size_t uploads_max = 0;
  std::size_t upload_rate_min = 4UL << 10;  // bytes/s over `chunk_timeout` of waiting for a client: 504
  std::chrono::milliseconds header_timeout{
      10'000};  // from the first byte of a request to the end of its header: 408
  std::chrono::milliseconds idle_timeout{75'000};     // a kept-alive connection without a request is closed
  std::chrono::milliseconds body_timeout{60'000};     // a body that is read whole: 408
  std::chrono::milliseconds chunk_timeout{30'000};    // between two pieces of a streamed body, either way
  std::chrono::milliseconds request_timeout{60'000};  // a call's deadline; a caller may ask for less
  std::chrono::milliseconds drain_announce{0};  // not ready, still accepting: balancers need time to notice
  std::chrono::milliseconds drain_max{30'000};  // calls under way may take this long to finish
  // Calls that do not heed being cut off may take this much more; then the process ends at once, with
  // kHardEndStatus.
  std::chrono::milliseconds hard_end{5'000};
  std::chrono::milliseconds heartbeat{15'000};  // a comment on a silent event stream
  // How often the credential of an open event stream is judged again; one that is no longer good ends it.
  std::chrono::milliseconds feed_check{2'000};
  // All of stopping, the calls' part and as much again for what else a program has running.
  [[nodiscard]] std::chrono::milliseconds stop_max() const {
    return drain_announce + drain_max + 2 * hard_end;
  }
};

inline constexpr std::size_t kReadBytes = 16UL << 10;       // one read of the socket
inline constexpr std::size_t kChunkBytes = 64UL << 10;      // one piece of a streamed body
inline constexpr std::size_t kUploadChunksMax = 4;          // pieces between socket and handler
inline constexpr std::size_t kGzipBytesMin = 1'024;         // smaller answers are sent as they are
inline constexpr std::size_t kDiscardBytesMax = 1UL << 20;  // of an unread body, to keep the connection
inline constexpr std::size_t kHeadersMax = 100;             // header fields of one request: 431
inline constexpr int kListenBacklog = 512;
inline constexpr int kHardEndStatus = 70;  // EX_SOFTWARE: a call that never ended

}  // namespace tracseq::server
