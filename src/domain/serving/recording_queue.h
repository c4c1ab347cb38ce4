// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/function_ref.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "domain/serving/prediction_sink.h"
#include "domain/serving/spool.h"

namespace tracseq::serving {

inline constexpr std::size_t kRecordingQueueMax = 65'536;            // predictions
inline constexpr std::size_t kRecordingQueueBytesMax = 128UL << 20;  // their tensors
inline constexpr std::size_t kRecordingBatchMax = 500;
inline constexpr std::chrono::milliseconds kRecordingInterval{50};
inline constexpr std::chrono::milliseconds kRecordingBackoffMin{250};
inline constexpr std::chrono::milliseconds kRecordingBackoffMax{10'000};
inline constexpr int kReplayedAtOnce = 20;

// Carries batches to the prediction log. Used by the recorder's thread only.
class PredictionTransport {
 public:
  virtual ~PredictionTransport() = default;
  // The batch as the log takes it: one or more payloads, each with the number of entries in it.
  using Emit = FunctionRef<void(std::string payload, std::uint64_t items)>;
  virtual void encode(std::span<const Prediction> batch, Emit emit) = 0;
  // The entries of a payload as payloads of their own, in the same order every time: when the log refuses a
  // payload for good, one bad entry must not take the others with it.
  virtual std::vector<std::string> split(const std::string& payload) = 0;
  // How many entries of a payload are of which model, by its name; asked when they are dropped.
  virtual std::map<std::string, std::uint64_t> count_by_model(const std::string& payload) = 0;
  // Delivers once. The same key with the same payload again is the same batch. `invalid`, `too_large` and
  // `unprocessable` are final; every other error may pass.
  virtual Result<void> deliver(std::string_view key, const std::string& payload) = 0;
};

// What the recorder has done so far.
struct RecordingStats {
  std::uint64_t offered = 0;  // samples, as all that follow
  std::uint64_t delivered = 0;
  std::uint64_t overflowed = 0;  // the queue or the spool was full
  std::uint64_t rejected = 0;    // the log refused them for good
  std::uint64_t damaged = 0;     // were in a spool file that could not be read
  std::uint64_t spooled = 0;     // predictions in the spool now
  std::uint64_t spool_bytes = 0;
  std::string last_error;  // why the last delivery failed; empty once one succeeds
};

// The bounded queue between the answers and the prediction log, with its thread. `offer` holds a lock for the
// time of one push and never waits for the thread, the network or the disk; a full queue drops the prediction
// and counts it. What cannot be delivered goes to the spool, in order, and everything after it behind it.
// Lifecycle: the transport and the spool are its own; `stop` (or the destructor) delivers or spools what is
// queued.
class RecordingQueue final : public PredictionSink {
 public:
  RecordingQueue(std::unique_ptr<PredictionTransport> transport, std::unique_ptr<Spool> spool,
                 metrics::Registry& metrics = metrics::process());
  ~RecordingQueue() override;
  RecordingQueue(const RecordingQueue&) = delete;
  RecordingQueue& operator=(const RecordingQueue&) = delete;

  void offer(Prediction prediction) noexcept override;
  void stop();
  [[nodiscard]] RecordingStats stats() const;
  // What was dropped so far, whatever the reason, by the name of the model; "" where it is not known.
  [[nodiscard]] std::map<std::string, std::uint64_t> dropped_by_model() const;

 private:
  void run();
  void write_batches(std::vector<Prediction>& taken);
  void write(const SpoolRecord& record);
  void keep(const SpoolRecord& record);
  void replay();
  void count_lost();
  // False if there is no room (or no memory) for it.
  bool try_push(Prediction prediction) noexcept;
  // Delivers and counts; false if it may be tried again later.
  bool deliver(const SpoolRecord& record);
  Result<void> deliver_one_by_one(const SpoolRecord& record);
  void drop(std::string_view model, std::uint64_t count, metrics::Counter& counter,
            std::atomic<std::uint64_t>& total) noexcept;
  // The entries of a payload.
  void drop_payload(const SpoolRecord& record, metrics::Counter& counter, std::atomic<std::uint64_t>& total);
  void refresh_gauges();

  std::unique_ptr<PredictionTransport> transport_;
  std::unique_ptr<Spool> spool_;  // the thread's
  metrics::Counter& delivered_metric_;
  metrics::Counter& overflowed_metric_;
  metrics::Counter& rejected_metric_;
  metrics::Counter& damaged_metric_;
  metrics::Gauge& spooled_metric_;
  metrics::Gauge& spool_bytes_metric_;

  Mutex mutex_;
  std::vector<Prediction> queue_ GUARDED_BY(mutex_);
  std::size_t queue_bytes_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable_any wake_;

  std::atomic<std::uint64_t> offered_{0};
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> overflowed_{0};
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<std::uint64_t> damaged_{0};
  std::atomic<std::uint64_t> spooled_{0};
  std::atomic<std::uint64_t> spool_bytes_{0};
  mutable Mutex error_mutex_;
  std::string last_error_ GUARDED_BY(error_mutex_);
  std::map<std::string, std::uint64_t> dropped_ GUARDED_BY(error_mutex_);

  std::chrono::milliseconds backoff_ = kRecordingBackoffMin;  // the thread's
  Steady::time_point next_try_;                               // the thread's
  std::thread thread_;
};

}  // namespace tracseq::serving
