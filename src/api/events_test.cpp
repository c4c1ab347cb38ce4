// SPDX-License-Identifier: MIT
#include "api/events.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <span>

#include "domain/audit/ledger.h"
#include "storage/sql/retention.h"
#include "storage/sql/testing.h"

namespace tracseq::api {
namespace {

struct Shown {
  std::int64_t id = 0;
  std::string topic;
  std::string kind;
  std::string object_id;
};

class EventsTest : public sql::testing::DatabaseTest {
 protected:
  // A change as services make it.
  void change(const std::string& kind, const std::string& object_id, const std::string& type = "run",
              Json data = {}) {
    audit::Ledger ledger(database());
    CallContext ctx;
    const auto done = ledger.change<Empty>(ctx, {type + "." + kind, type, object_id},
                                           [&](sql::Transaction&, audit::Record& record) -> Result<Empty> {
                                             record.publish(type + "s", kind, data);
                                             return Empty{};
                                           });
    ASSERT_TRUE(done) << done.error().message;
  }

  // Reads the feed until `enough` events came or the time is up.
  std::vector<Shown> read(Feed& feed, std::size_t enough,
                          std::chrono::milliseconds time = std::chrono::seconds(5)) {
    std::vector<Shown> shown;
    const auto end = Steady::now() + time;
    while (shown.size() < enough && Steady::now() < end) {
      const auto text = feed.take();
      if (!text) break;
      text_ += *text;
      for (std::size_t at = text_.find("\n\n"); at != std::string::npos; at = text_.find("\n\n")) {
        parse(text_.substr(0, at), shown);
        text_.erase(0, at + 2);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return shown;
  }

  static void parse(const std::string& event, std::vector<Shown>& shown) {
    const auto data = event.find("data: ");
    if (data == std::string::npos) return;
    EXPECT_NE(event.find("event: change\n"), std::string::npos);
    const auto document = parse_json(std::string_view(event).substr(data + 6));
    ASSERT_TRUE(document) << event;
    shown.push_back({std::stoll(event.substr(4)), document->find("topic")->string_or(""),
                     document->find("kind")->string_or(""), document->find("object_id")->string_or("")});
    EXPECT_NE(document->find("time"), nullptr);
  }

  // `count` events of `time`, as a busy day leaves them when nobody listens.
  void backlog(std::int64_t count, Timestamp time) {
    const auto n = static_cast<std::size_t>(count);
    const std::vector<std::string> texts(n, "x");
    const std::vector<std::string> projects(n, "default");
    const std::vector<std::string> data(n, "null");
    const std::vector<std::int64_t> times(n, time.us);
    const std::span<const std::string> text(texts);
    const std::array<sql::Column, 7> columns{text,
                                             text,
                                             text,
                                             text,
                                             std::span<const std::string>(projects),
                                             std::span<const std::string>(data),
                                             std::span<const std::int64_t>(times)};
    const auto done = database().write([&](sql::Transaction& tx) {
      return tx.bulk_insert({"test.backlog",
                             "outbox",
                             {"topic", "kind", "object_type", "object_id", "project_id", "data", "time_us"}},
                            columns);
    });
    ASSERT_TRUE(done) << done.error().message << done.error().detail;
  }
  std::int64_t kept() {
    return database()
        .read([](sql::Session& session) {
          return session.query_one({"test.kept", "SELECT count(*) FROM outbox"}, {},
                                   [](const sql::Row& row) { return row.integer(0); });
        })
        .value()
        .value_or(-1);
  }

  std::string text_;
};
TRACSEQ_ON_BOTH_DATABASES(EventsTest);

TEST_P(EventsTest, TellsWhatHappensFromNowOn) {
  change("started", "before");
  Events events(database());
  const auto feed = events.listen("default", {}, std::nullopt).value();
  change("started", "a");
  const auto first = read(*feed, 1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].topic, "runs");
  EXPECT_EQ(first[0].kind, "started");
  EXPECT_EQ(first[0].object_id, "a");
}

TEST_P(EventsTest, TellsWhatOtherProcessesDoSoon) {
  Events events(database());
  const auto feed = events.listen("default", {}, std::nullopt).value();
  EXPECT_TRUE(read(*feed, 1, std::chrono::milliseconds(300)).empty());
  auto other = sql::open_database(url());  // connections of its own, as another process has
  ASSERT_TRUE(other);
  audit::Ledger ledger(**other);
  const auto start = Steady::now();
  ASSERT_TRUE((ledger.change<Empty>(CallContext{}, {"run.started", "run", "x"},
                                    [](sql::Transaction&, audit::Record& record) -> Result<Empty> {
                                      record.publish("runs", "started");
                                      return Empty{};
                                    })));
  EXPECT_EQ(read(*feed, 1).size(), 1U);
  EXPECT_LT(Steady::now() - start,
            std::chrono::milliseconds(1'000));  // 500 ms on a machine with nothing else to do
}

TEST_P(EventsTest, CoalescesPerObject) {
  Events events(database(), {.coalesce = std::chrono::milliseconds(400)});
  const auto feed = events.listen("default", {}, std::nullopt).value();
  change("started", "a");
  ASSERT_EQ(read(*feed, 1).size(), 1U);
  for (int i = 0; i < 20; ++i) change("updated" + std::to_string(i), "a");
  change("started", "b");
  const auto shown = read(*feed, 99, std::chrono::milliseconds(1'500));
  ASSERT_LE(shown.size(), 4U);  // 21 changes within one or two windows
  ASSERT_GE(shown.size(), 2U);
  EXPECT_EQ(shown.back().object_id, "b");
  EXPECT_EQ(shown[shown.size() - 2].kind, "updated19");
  for (std::size_t i = 1; i < shown.size(); ++i) EXPECT_LT(shown[i - 1].id, shown[i].id);
}

TEST_P(EventsTest, ResumesAfterTheLastSeen) {
  Events events(database(), {.coalesce = std::chrono::milliseconds(1)});
  std::int64_t seen = 0;
  {
    const auto feed = events.listen("default", {}, std::nullopt).value();
    change("started", "a");
    seen = read(*feed, 1).at(0).id;
  }
  text_.clear();
  change("started", "b");
  change("started", "c");
  const auto feed = events.listen("default", {}, seen).value();
  const auto rest = read(*feed, 2);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].object_id, "b");
  EXPECT_EQ(rest[1].object_id, "c");
  // A second listener that resumes while the first is served.
  text_.clear();
  const auto late = events.listen("default", {}, seen).value();
  EXPECT_EQ(read(*late, 2).size(), 2U);
  // A position of another database: look at everything anew.
  text_.clear();
  const auto lost = events.listen("default", {}, seen + 1'000'000).value();
  EXPECT_EQ(read(*lost, 1).at(0).topic, "*");
}

TEST_P(EventsTest, ResumingBeforeWhatIsKeptMeansReadingAnew) {
  for (int i = 0; i < 4; ++i) change("started", std::to_string(i));
  Events events(database());
  const auto feed = events.listen("default", {}, 1).value();
  EXPECT_EQ(read(*feed, 3).size(), 3U);
  ASSERT_EQ(events.forget(now() + std::chrono::hours(1)).value(), 3);
  text_.clear();
  EXPECT_EQ(read(*events.listen("default", {}, 1).value(), 1).at(0).topic, "*");
}

TEST_P(EventsTest, ALongSilenceIsForgottenInBatches) {
  backlog(1'200, now() - std::chrono::hours(48));
  Events events(database());
  const Timestamp day_ago = now() - std::chrono::hours(24);
  EXPECT_EQ(events.forget(day_ago).value(), sql::kRemovedAtOnceMax);
  EXPECT_EQ(events.forget(day_ago).value(), sql::kRemovedAtOnceMax);
  while (events.forget(day_ago).value() > 0) {
  }
  EXPECT_LE(kept(), 1) << "nobody ever listened; SQLite keeps the newest";
}

TEST_P(EventsTest, WhatWasForgottenUnheardIsMissed) {
  std::int64_t seen = 0;
  {
    Events before(database());
    change("started", "seen");
    seen = read(*before.listen("default", {}, 0).value(), 1).at(0).id;
  }
  text_.clear();
  backlog(1, now() - std::chrono::hours(48));  // seen by no page
  change("started", "later");
  Events events(database());
  ASSERT_EQ(events.forget(now() - std::chrono::hours(24)).value(), 1);
  EXPECT_EQ(read(*events.listen("default", {}, seen).value(), 1).at(0).topic, "*");
}

TEST_P(EventsTest, ABacklogIsNoNewsForTheFirstListener) {
  backlog(12'000, now());
  Events events(database());
  const auto feed = events.listen("default", {}, std::nullopt).value();
  change("started", "a");
  const auto shown = read(*feed, 2, std::chrono::milliseconds(1'500));
  ASSERT_EQ(shown.size(), 1U) << shown.front().object_id;
  EXPECT_EQ(shown[0].object_id, "a");
}

TEST_P(EventsTest, FiltersByTopicAndObject) {
  Events events(database(), {.coalesce = std::chrono::milliseconds(1)});
  const auto topic =
      events.listen("default", {.topic = "models", .run_id = {}, .model_id = {}}, std::nullopt).value();
  const auto run =
      events.listen("default", {.topic = {}, .run_id = "r1", .model_id = {}}, std::nullopt).value();
  const auto other_project = events.listen("elsewhere", {}, std::nullopt).value();
  change("started", "r1");
  change("started", "r11");
  change("promoted", "m1", "model", Json::object().set("run_id", "r1"));
  ASSERT_EQ(read(*topic, 2, std::chrono::milliseconds(800)).size(), 1U);
  text_.clear();
  const auto of_run = read(*run, 3, std::chrono::milliseconds(500));
  ASSERT_EQ(of_run.size(), 2U);
  EXPECT_EQ(of_run[0].object_id, "r1");
  EXPECT_EQ(of_run[1].object_id, "m1");
  text_.clear();
  EXPECT_TRUE(read(*other_project, 1, std::chrono::milliseconds(50)).empty());
}

TEST_P(EventsTest, DropsAReaderThatDoesNotRead) {
  Events events(database(), {.poll = std::chrono::milliseconds(5), .coalesce = std::chrono::milliseconds(0)});
  const auto feed = events.listen("default", {}, std::nullopt).value();
  const Json large = Json::object().set("text", std::string(60'000, 'x'));
  for (int i = 0; i < 8; ++i) {
    change("updated", "a" + std::to_string(i), "run", large);
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
  }
  EXPECT_EQ(feed->take(), std::nullopt);
}

TEST_P(EventsTest, PositionsComeInCommitOrderAndOutliveForgetting) {
  sql::Outbox outbox(database());
  for (int i = 0; i < 5; ++i) change("started", std::to_string(i));
  while (outbox.sequence().value() > 0) {
  }
  const auto all = outbox.after(0, 100).value();
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].object_id, std::to_string(i));
  EXPECT_EQ(outbox.last().value(), all.back().position);
  EXPECT_EQ(outbox.forget(now() + std::chrono::hours(1)).value(), 4);
  change("started", "later");
  outbox.sequence().value();
  EXPECT_GT(outbox.after(all.back().position, 100).value().at(0).position, all.back().position);
}

// Told within 500 ms of the commit: a look at the outbox and the time that changes are gathered in.
static_assert(EventTimes{}.poll + EventTimes{}.coalesce <= std::chrono::milliseconds(400));

}  // namespace
}  // namespace tracseq::api
