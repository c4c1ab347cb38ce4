// SPDX-License-Identifier: MIT
#include "domain/serving/recording_queue.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/id.h"
#include "base/log.h"

namespace tracseq::serving {
namespace {

// Recording yields to answering where both want the processor.
constexpr int kRecorderNice = 10;

std::size_t size_of(const Prediction& prediction) {
  std::size_t size = sizeof prediction + prediction.error.size();
  for (const auto* tensors : {&prediction.inputs, &prediction.outputs})
    for (const Tensor& tensor : *tensors) {
      size += sizeof tensor + tensor.data.size() + tensor.shape.size() * sizeof(std::int64_t);
      for (const std::string& text : tensor.strings) size += sizeof(std::string) + text.size();
    }
  // A record's columns become the inputs: about as many members as numbers.
  for (const Json& record : prediction.records)
    if (const Json::Object* members = record.as_object()) size += members->size() * sizeof(Json::Member);
  return size;
}

std::string_view model_of(const std::shared_ptr<const ServedModel>& served) noexcept {
  return served ? std::string_view(served->name) : std::string_view();
}

bool is_final(Code code) {
  return code == Code::invalid || code == Code::too_large || code == Code::unprocessable;
}

}  // namespace

RecordingQueue::RecordingQueue(std::unique_ptr<PredictionTransport> transport, std::unique_ptr<Spool> spool,
                               metrics::Registry& metrics)
    : transport_(std::move(transport)),
      spool_(std::move(spool)),
      delivered_metric_(
          metrics.counter("tracseq_predictions_recorded_total", "Predictions written to the prediction log")),
      overflowed_metric_(metrics.counter("tracseq_predictions_dropped_total",
                                         "Predictions that were not recorded", {{"reason", "overflow"}})),
      rejected_metric_(metrics.counter("tracseq_predictions_dropped_total",
                                       "Predictions that were not recorded", {{"reason", "rejected"}})),
      damaged_metric_(metrics.counter("tracseq_predictions_dropped_total",
                                      "Predictions that were not recorded", {{"reason", "damaged"}})),
      spooled_metric_(metrics.gauge("tracseq_prediction_spool_items",
                                    "Predictions waiting on disk for the prediction log")),
      spool_bytes_metric_(metrics.gauge("tracseq_prediction_spool_bytes", "Bytes of the prediction spool")) {
  refresh_gauges();
  thread_ = std::thread([this] { run(); });
}

RecordingQueue::~RecordingQueue() { stop(); }

void RecordingQueue::offer(Prediction prediction) noexcept {
  const std::size_t samples = samples_of(prediction);
  offered_.fetch_add(samples, std::memory_order_relaxed);
  const auto served = prediction.served;
  if (!try_push(std::move(prediction))) drop(model_of(served), samples, overflowed_metric_, overflowed_);
}

bool RecordingQueue::try_push(Prediction prediction) noexcept {
  try {
    const std::size_t size = size_of(prediction);
    const Lock lock(mutex_);
    if (stopping_ || queue_.size() >= kRecordingQueueMax || queue_bytes_ + size > kRecordingQueueBytesMax)
      return false;
    queue_.push_back(std::move(prediction));  // no wake-up: the thread comes by every kRecordingInterval
    queue_bytes_ += size;
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void RecordingQueue::drop(std::string_view model, std::uint64_t count, metrics::Counter& counter,
                          std::atomic<std::uint64_t>& total) noexcept {
  counter.add(count);
  total.fetch_add(count, std::memory_order_relaxed);
  try {
    const Lock lock(error_mutex_);
    dropped_[std::string(model)] += count;
  } catch (const std::bad_alloc&) {
    log::write(log::Level::error, "drops_not_noted_by_model", {});  // the totals have them
  }
}

void RecordingQueue::drop_payload(const SpoolRecord& record, metrics::Counter& counter,
                                  std::atomic<std::uint64_t>& total) {
  std::uint64_t named = 0;
  for (const auto& [model, count] : transport_->count_by_model(record.payload)) {
    drop(model, count, counter, total);
    named += count;
  }
  if (named < record.items) drop({}, record.items - named, counter, total);
}

std::map<std::string, std::uint64_t> RecordingQueue::dropped_by_model() const {
  const Lock lock(error_mutex_);
  return dropped_;
}

void RecordingQueue::stop() {
  {
    const Lock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

RecordingStats RecordingQueue::stats() const {
  const Lock lock(error_mutex_);
  return {offered_.load(), delivered_.load(), overflowed_.load(),  rejected_.load(),
          damaged_.load(), spooled_.load(),   spool_bytes_.load(), last_error_};
}

void RecordingQueue::run() {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kRecorderNice);
  std::vector<Prediction> taken;
  for (;;) {
    bool stopping = false;
    {
      Lock lock(mutex_);
      if (!stopping_) wake_.wait_for(lock, kRecordingInterval);
      taken.swap(queue_);  // the emptied vector goes back with its capacity
      queue_bytes_ = 0;
      stopping = stopping_;
    }
    write_batches(taken);
    taken.clear();
    replay();
    refresh_gauges();
    if (stopping) return;
  }
}

void RecordingQueue::write_batches(std::vector<Prediction>& taken) {
  for (const Prediction& prediction : taken)
    if (const std::size_t samples = samples_of(prediction); samples > kSamplesRecordedMax)
      drop(model_of(prediction.served), samples - kSamplesRecordedMax, overflowed_metric_, overflowed_);
  for (std::size_t at = 0; at < taken.size(); at += kRecordingBatchMax)
    transport_->encode(
        std::span(taken).subspan(at, std::min(kRecordingBatchMax, taken.size() - at)),
        [&](std::string payload, std::uint64_t items) { write({new_id(), std::move(payload), items}); });
}

void RecordingQueue::write(const SpoolRecord& record) {
  // Behind what waits already: the log gets predictions in order.
  if (!spool_->empty() || Steady::now() < next_try_ || !deliver(record)) keep(record);
}

void RecordingQueue::keep(const SpoolRecord& record) {
  const auto pushed = spool_->push(record);
  if (pushed) return;
  drop_payload(record, overflowed_metric_, overflowed_);
  log::warning("predictions_dropped",
               {{"count", static_cast<std::size_t>(record.items)}, {"reason", pushed.error().message}});
}

void RecordingQueue::replay() {
  for (int i = 0; i < kReplayedAtOnce && Steady::now() >= next_try_; ++i) {
    const auto front = spool_->front();
    count_lost();
    if (!front) {
      log::error("prediction_spool_unreadable",
                 {{"reason", front.error().message}, {"detail", front.error().detail}});
      next_try_ = Steady::now() + kRecordingBackoffMax;
      return;
    }
    if (!*front || !deliver(**front)) return;
    if (const auto popped = spool_->pop(); !popped)
      log::error("prediction_spool_stuck",
                 {{"reason", popped.error().message}, {"detail", popped.error().detail}});
  }
}

void RecordingQueue::count_lost() {
  const std::uint64_t lost = spool_->take_lost();
  if (lost == 0) return;
  drop({}, lost, damaged_metric_, damaged_);
  log::error("prediction_spool_damaged", {{"count", static_cast<std::size_t>(lost)}});
}

// Entries that were refused are dropped and counted; an error that may pass ends it, to be taken up again
// with the same keys, under which what was delivered already stays one entry.
Result<void> RecordingQueue::deliver_one_by_one(const SpoolRecord& record) {
  const std::vector<std::string> parts = transport_->split(record.payload);
  std::uint64_t taken = 0;
  std::vector<std::string> refused;  // counted at the end only: an error that may pass comes again
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto delivered = transport_->deliver(record.key + "." + std::to_string(i), parts[i]);
    if (!delivered && !is_final(delivered.error().code)) return delivered;
    if (delivered) {
      ++taken;
      continue;
    }
    refused.push_back(parts[i]);
    log::error("prediction_rejected", {{"reason", delivered.error().message}});
  }
  delivered_metric_.add(taken);
  delivered_.fetch_add(taken, std::memory_order_relaxed);
  for (const std::string& part : refused) drop_payload({{}, part, 1}, rejected_metric_, rejected_);
  if (parts.empty()) drop_payload(record, rejected_metric_, rejected_);  // its entries cannot be told apart
  return {};
}

bool RecordingQueue::deliver(const SpoolRecord& record) {
  auto delivered = transport_->deliver(record.key, record.payload);
  const bool refused = !delivered && is_final(delivered.error().code);
  if (delivered) {
    delivered_metric_.add(record.items);
    delivered_.fetch_add(record.items, std::memory_order_relaxed);
  } else if (refused) {
    delivered = deliver_one_by_one(record);
  }
  const Lock lock(error_mutex_);
  if (delivered) {
    backoff_ = kRecordingBackoffMin;
    last_error_.clear();
    return true;
  }
  if (last_error_.empty()) log::warning("predictions_not_delivered", {{"reason", delivered.error().message}});
  last_error_ = delivered.error().message;
  next_try_ = Steady::now() + backoff_;
  backoff_ = std::min(backoff_ * 2, kRecordingBackoffMax);
  return false;
}

void RecordingQueue::refresh_gauges() {
  spooled_.store(spool_->items());
  spool_bytes_.store(spool_->bytes());
  spooled_metric_.set(static_cast<double>(spool_->items()));
  spool_bytes_metric_.set(static_cast<double>(spool_->bytes()));
}

}  // namespace tracseq::serving
