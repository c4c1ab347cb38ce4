// SPDX-License-Identifier: MIT
#include "api/events.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "base/log.h"

namespace tracseq::api {
namespace {

constexpr std::int64_t kPageRows = 1'000;
constexpr std::int64_t kCatchUpRowsMax = 20'000;

std::string event_text(const sql::OutboxEvent& event) {
  std::string data = "{\"topic\":";
  const auto member = [&](std::string_view name, std::string_view value) {
    data += ",\"" + std::string(name) + "\":";
    append_json_string(data, value);
  };
  append_json_string(data, event.topic);
  member("kind", event.kind);
  member("object_type", event.object_type);
  member("object_id", event.object_id);
  data += ",\"data\":" + (event.data.empty() ? std::string("null") : event.data);
  member("time", format_rfc3339(event.time));
  data += '}';
  std::erase_if(
      data, [](char c) { return c == '\n' || c == '\r'; });  // stored JSON is compact; a line is a field here
  return fmt::format("id: {}\nevent: change\ndata: {}\n\n", event.position, data);
}

// Whether an event is of an object: the object itself, or something that names it in its data ("run_id",
// "model_id").
bool is_of(const sql::OutboxEvent& event, std::string_view type, std::string_view id) {
  if (event.object_type.starts_with(type) && event.object_id.starts_with(id)) {
    const std::string_view rest = std::string_view(event.object_id).substr(id.size());
    if (rest.empty() || rest.front() == '/' || rest.front() == ':') return true;
  }
  const auto data = parse_json(event.data);
  const Json* named = data ? data->find(std::string(type) + "_id") : nullptr;
  return named != nullptr && named->string_or("") == id;
}

bool wanted(const sql::OutboxEvent& event, const EventFilter& filter) {
  if (!filter.topic.empty() && event.topic != filter.topic) return false;
  if (!filter.run_id.empty() && !is_of(event, "run", filter.run_id)) return false;
  return filter.model_id.empty() || is_of(event, "model", filter.model_id);
}

}  // namespace

TRACSEQ_DEFINE_TYPE(EventFilter, {.name = "topic", .text = "Only events of this topic.", .length_max = 100},
                    {.name = "run_id", .text = "Only events of this run.", .length_max = 200},
                    {.name = "model_id", .text = "Only events of this model.", .length_max = 200})

// One feed: the hub's thread adds events, the reader takes text.
class Events::Listener final : public Feed {
 public:
  Listener(std::string project_id, EventFilter filter, std::int64_t start)
      : position_(start), project_id_(std::move(project_id)), filter_(std::move(filter)) {
    text_ = "retry: 2000\n: listening\n\n";
  }

  void on_ready(std::function<void()> wake) override {
    const Lock lock(mutex_);
    wake_ = std::move(wake);
  }
  std::optional<std::string> take() override {
    const Lock lock(mutex_);
    if (ended_) return std::nullopt;
    return std::exchange(text_, {});
  }

  // Hub's thread. A later event of the same object takes the place of an earlier one that was not sent yet.
  void add(const sql::OutboxEvent& event) {
    if (event.position <= position_) return;
    position_ = event.position;
    if (event.project_id != project_id_ || !wanted(event, filter_)) return;
    waiting_.insert_or_assign({event.topic, event.object_type, event.object_id}, event);
    if (waiting_.size() > kFeedObjectsMax) end();
  }
  // Sends what waits, in the order of positions, if the last time is long enough ago.
  void flush(Steady::time_point now, std::chrono::milliseconds coalesce) {
    if (waiting_.empty() || now < next_flush_) return;
    next_flush_ = now + coalesce;
    std::vector<const sql::OutboxEvent*> ordered;
    ordered.reserve(waiting_.size());
    for (const auto& [key, event] : waiting_) ordered.push_back(&event);
    std::sort(ordered.begin(), ordered.end(),
              [](const auto* a, const auto* b) { return a->position < b->position; });
    std::string text;
    for (const auto* event : ordered) text += event_text(*event);
    waiting_.clear();
    push(std::move(text));
  }
  // Tells the reader to look at everything anew, from `position` on. Before the hub knows of the listener.
  void reset(std::int64_t position) {
    position_ = position;
    waiting_.clear();
    push(event_text({position, "*", "*", {}, {}, project_id_, "null", now()}));
  }
  void end() {
    std::function<void()> wake;
    {
      const Lock lock(mutex_);
      ended_ = true;
      text_.clear();
      wake = wake_;
    }
    if (wake) wake();
  }
  [[nodiscard]] std::int64_t position() const { return position_; }
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }
  bool caught_up = false;  // hub's thread

 private:
  void push(std::string text) {
    std::function<void()> wake;
    {
      const Lock lock(mutex_);
      if (ended_) return;
      text_ += text;
      if (text_.size() > kFeedBytesMax) {  // a reader that slow is better off asking anew
        ended_ = true;
        text_.clear();
      }
      wake = wake_;
    }
    if (wake) wake();
  }

  using Key = std::tuple<std::string, std::string, std::string>;
  std::int64_t position_;  // hub's thread: everything up to here was seen
  const std::string project_id_;
  const EventFilter filter_;
  std::map<Key, sql::OutboxEvent> waiting_;  // hub's thread
  Steady::time_point next_flush_{};          // hub's thread
  Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
  std::function<void()> wake_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

Events::Events(sql::Database& database, EventTimes times)
    : database_(database), outbox_(database), times_(times) {}

Events::~Events() {
  std::thread thread;
  {
    const Lock lock(mutex_);
    stopping_ = true;
    thread = std::move(thread_);
  }
  wake_.notify_all();
  if (thread.joinable()) thread.join();
  for (const auto& listener : listeners()) listener->end();
}

Result<std::shared_ptr<Feed>> Events::listen(const std::string& project_id, EventFilter filter,
                                             std::optional<std::int64_t> resume) {
  std::int64_t start = resume.value_or(0);
  TRACSEQ_CHECK(outbox_.sequence_all());  // nobody may have listened for a day: that backlog is no news
  TRACSEQ_TRY(const std::int64_t last, outbox_.last());
  // A position this database has not reached belongs to another one, or to a time before a restored backup.
  bool lost = resume && (start > last || start < 0 || last - start > kCatchUpRowsMax);
  if (resume && !lost && start < last) {  // positions have no gaps but for what was forgotten
    TRACSEQ_TRY(const auto next, outbox_.after(start, 1));
    lost = next.empty() || next.front().position != start + 1;
  }
  if (!resume || lost) start = last;
  auto listener = std::make_shared<Listener>(project_id, std::move(filter), start);
  if (lost) listener->reset(last);
  {
    const Lock lock(mutex_);
    std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
    if (listeners_.size() >= kListenersMax)
      return fail(Code::resource_exhausted, fmt::format("{} listeners are connected already", kListenersMax));
    listeners_.push_back(listener);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  wake_.notify_all();
  return listener;
}

std::vector<std::shared_ptr<Events::Listener>> Events::listeners() {
  std::vector<std::shared_ptr<Listener>> alive;
  const Lock lock(mutex_);
  for (const auto& weak : listeners_)
    if (auto listener = weak.lock()) alive.push_back(std::move(listener));
  std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
  return alive;
}

void Events::run() {
  std::chrono::milliseconds pause{0};
  for (;;) {
    {
      Lock lock(mutex_);
      if (pause.count() > 0) wake_.wait_for(lock, pause, [this]() REQUIRES(mutex_) { return stopping_; });
      while (listeners_.empty() && !stopping_) {
        position_ = -1;
        wake_.wait(lock);
      }
      if (stopping_) return;
    }
    const auto done = deliver();
    if (!done)
      log::warning("events.poll", {{"message", done.error().message}, {"detail", done.error().detail}});
    pause = done ? times_.poll : times_.poll_failed;
  }
}

Result<void> Events::catch_up(Listener& listener, std::int64_t until) {
  while (listener.position() < until) {
    TRACSEQ_TRY(const auto events, outbox_.after(listener.position(), kPageRows));
    for (const auto& event : events)
      if (event.position <= until) listener.add(event);
    if (static_cast<std::int64_t>(events.size()) < kPageRows || events.back().position >= until) break;
  }
  return {};
}

Result<void> Events::deliver() {
  const auto all = listeners();
  if (position_ < 0) {  // nobody listened: go on where the first listener starts
    counter_.reset();
    position_ = std::numeric_limits<std::int64_t>::max();
    for (const auto& listener : all) position_ = std::min(position_, listener->position());
    if (all.empty()) {
      position_ = -1;
      return {};
    }
  }
  for (const auto& listener : all) {
    if (!listener->caught_up) TRACSEQ_CHECK(catch_up(*listener, position_));
    listener->caught_up = true;
  }
  const auto counter = database_.change_counter();
  if (!counter || counter != counter_) {
    TRACSEQ_CHECK(outbox_.sequence());
    for (;;) {
      TRACSEQ_TRY(const auto events, outbox_.after(position_, kPageRows));
      for (const auto& event : events)
        for (const auto& listener : all) listener->add(event);
      if (!events.empty()) position_ = events.back().position;
      if (static_cast<std::int64_t>(events.size()) < kPageRows) break;
    }
    counter_ = counter;
  }
  const auto now = Steady::now();
  for (const auto& listener : all) listener->flush(now, times_.coalesce);
  return {};
}

std::vector<Route> event_routes(Events& events) {
  RouteOptions options;
  options.runs = RunsOn::worker;
  std::vector<Route> routes;
  routes.push_back(stream_route(
      Method::get, "/api/v1/events", "events:read", Effect::reads,
      "Follow changes as server-sent events; resume with Last-Event-ID", "text/event-stream",
      [&events](const CallContext& ctx, const EventFilter& filter, Request& request) -> Result<Response> {
        std::optional<std::int64_t> resume;
        if (const auto id = request.header("last-event-id"); !id.empty()) {
          resume = 0;
          TRACSEQ_CHECK(from_text(type_info<std::int64_t>(), "Last-Event-ID", id, &*resume));
        }
        Response response;
        response.content_type = "text/event-stream";
        response.headers.emplace_back("Cache-Control", "no-store");
        response.headers.emplace_back("X-Accel-Buffering", "no");
        TRACSEQ_TRY(response.feed, events.listen(ctx.project_id, filter, resume));
        return response;
      },
      options));
  return routes;
}

}  // namespace tracseq::api
