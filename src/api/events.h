// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/http.h"
#include "api/route.h"
#include "base/mutex.h"
#include "storage/sql/outbox.h"

namespace tracseq::api {

// Which events a listener wants; an empty field wants all.
struct EventFilter {
  std::string topic;
  std::string run_id;    // events of this run
  std::string model_id;  // events of this model and its versions
};
TRACSEQ_DESCRIBE(EventFilter, (topic, run_id, model_id))

struct EventTimes {
  std::chrono::milliseconds poll{100};           // how often the outbox is looked at while somebody listens
  std::chrono::milliseconds coalesce{250};       // at most one event per topic and object in that time
  std::chrono::milliseconds poll_failed{1'000};  // after the database did not answer
};

inline constexpr std::size_t kListenersMax = 500;  // one more is `resource_exhausted`
inline constexpr std::size_t kFeedBytesMax = 256UL
                                             << 10;    // unread text of a listener; beyond it the feed ends
inline constexpr std::size_t kFeedObjectsMax = 5'000;  // objects waiting for their coalesced event; likewise

// Live events for pages: one thread, started by the first listener, reads the outbox while somebody listens,
// so changes of any process on the database appear. Every listener gets, in the text of server-sent events,
// `event: change` with the event as JSON and its position as id. Thread-safe; the database outlives it.
// Destroying it ends all feeds.
class Events {
 public:
  explicit Events(sql::Database& database, EventTimes times = {});
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // A feed of what happens from now on, or after the position `resume` (a Last-Event-ID). Where more has
  // happened since than is worth telling one by one, the feed begins with one event of topic "*": read
  // everything anew.
  Result<std::shared_ptr<Feed>> listen(const std::string& project_id, EventFilter filter,
                                       std::optional<std::int64_t> resume);

  // Deletes events older than that; a listener that resumes from before then reads everything anew. How many,
  // as sql::Outbox::forget.
  Result<std::int64_t> forget(Timestamp before) { return outbox_.forget(before); }

 private:
  class Listener;
  void run();
  Result<void> deliver();
  Result<void> catch_up(Listener& listener, std::int64_t until);
  std::vector<std::shared_ptr<Listener>> listeners();

  sql::Database& database_;
  sql::Outbox outbox_;
  const EventTimes times_;
  std::optional<std::int64_t> counter_;  // the thread's: the database's change counter at the last look
  std::int64_t position_ = -1;           // the thread's: read up to here; -1: nobody listened
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::weak_ptr<Listener>> listeners_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

// GET /api/v1/events.
std::vector<Route> event_routes(Events& events);

}  // namespace tracseq::api
