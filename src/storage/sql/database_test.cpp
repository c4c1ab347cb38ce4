// SPDX-License-Identifier: MIT
// What every database promises, on each of them.
#include "storage/sql/database.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <latch>
#include <limits>
#include <thread>

#include "base/call_deadline.h"
#include "base/metrics.h"
#include "storage/sql/testing.h"

namespace tracseq::sql {

enum class Colour { red, green };
TRACSEQ_DESCRIBE_ENUM(Colour, red, green)
TRACSEQ_DEFINE_ENUM(Colour)

struct Thing {
  std::int64_t id = 0;
  bool fine = false;
  std::int32_t small = 0;
  double score = 0;
  std::string name;
  Timestamp made;
  Colour colour = Colour::red;
  Json extra;
  std::optional<std::string> note;
  Blob content;
  std::vector<std::int64_t> list;
  std::map<std::string, double> weights;
};
TRACSEQ_DESCRIBE(Thing, (id, fine, small, score, name, made, colour, extra, note, content, list, weights))
TRACSEQ_DEFINE_TYPE(Thing)

namespace {

constexpr Statement kMake{
    "test.make",
    "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY CHECK (id >= 0), fine INTEGER, "
    "small INTEGER, score REAL, name TEXT NOT NULL UNIQUE, made INTEGER, colour TEXT, extra TEXT, "
    "note TEXT, content BLOB, list TEXT, weights TEXT)",
    "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY CHECK (id >= 0), fine BIGINT, "
    "small BIGINT, score DOUBLE PRECISION, name TEXT NOT NULL UNIQUE, made BIGINT, colour TEXT, "
    "extra TEXT, note TEXT, content BYTEA, list TEXT, weights TEXT)"};
constexpr Statement kMakeParts{
    "test.make_parts",
    "CREATE TABLE parts (id INTEGER NOT NULL PRIMARY KEY, thing INTEGER NOT NULL REFERENCES "
    "things (id))",
    "CREATE TABLE parts (id BIGINT NOT NULL PRIMARY KEY, thing BIGINT NOT NULL REFERENCES "
    "things (id))"};
constexpr Statement kAdd{"test.add", "INSERT INTO things (id, name, score) VALUES (?, ?, ?)"};
constexpr Statement kNames{"test.names", "SELECT name FROM things ORDER BY id"};
constexpr Statement kCount{"test.count", "SELECT count(*) FROM things"};

class DatabaseTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    testing::DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    const auto made = database().write([](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kMake, {}));
      TRACSEQ_CHECK(tx.execute(kMakeParts, {}));
      return {};
    });
    ASSERT_TRUE(made) << made.error().message << made.error().detail;
  }
  Result<std::int64_t> add(std::int64_t id, std::string_view name, double score = 0) {
    return database().write([&](Transaction& tx) { return tx.execute(kAdd, args(id, name, score)); });
  }
  Code code_of(const Statement& statement, Args args) {
    const auto done = database().write([&](Transaction& tx) { return tx.execute(statement, args); });
    EXPECT_FALSE(done) << statement.text;
    return done ? Code::internal : done.error().code;
  }
  std::vector<std::string> names() {
    auto found = database().read(
        [](Session& s) { return s.query_all(kNames, {}, [](const Row& row) { return row.str(0); }); });
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::vector<std::string>{};
  }
};
TRACSEQ_ON_BOTH_DATABASES(DatabaseTest);

TEST_P(DatabaseTest, CommitsWhatItAcknowledges) {
  const auto added = add(1, "one");
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(*added, 1);
  reopen();
  EXPECT_EQ(names(), std::vector<std::string>{"one"});
}

TEST_P(DatabaseTest, StatementsAreMeasuredByName) {
  const std::string name = "test.measured_" + GetParam();
  const Statement measured{name.c_str(), "SELECT 1"};
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(database().read([&](Session& session) {
      return session.query(measured, {}, [](const Row&) -> Result<void> { return {}; });
    }));
  const std::string text = metrics::process().text();
  EXPECT_NE(text.find("tracseq_sql_statement_seconds_count{statement=\"" + name + "\"} 3\n"),
            std::string::npos)
      << text;
}

TEST_P(DatabaseTest, AnErrorRollsBack) {
  const auto failed = database().write([](Transaction& tx) -> Result<void> {
    TRACSEQ_CHECK(tx.execute(kAdd, args(1, "one", 0.0)));
    return fail(Code::not_found, "on purpose");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::not_found);
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(add(1, "one"));  // the connection is of use afterwards
}

TEST_P(DatabaseTest, AnExceptionRollsBackAndReachesTheCaller) {
  const auto throwing = [&] {
    (void)database().write([](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kAdd, args(1, "one", 0.0)));
      throw std::runtime_error("a bug");
    });
  };
  EXPECT_THROW(throwing(), std::runtime_error);
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(add(1, "one"));
}

TEST_P(DatabaseTest, BrokenRulesHaveTheirCodes) {
  ASSERT_TRUE(add(1, "one"));
  EXPECT_EQ(code_of(kAdd, args(1, "two", 0.0)), Code::conflict);   // primary key
  EXPECT_EQ(code_of(kAdd, args(2, "one", 0.0)), Code::conflict);   // unique
  EXPECT_EQ(code_of(kAdd, args(-1, "two", 0.0)), Code::invalid);   // check
  EXPECT_EQ(code_of(kAdd, args(2, nullptr, 0.0)), Code::invalid);  // not null
  const Statement part{"test.part", "INSERT INTO parts (id, thing) VALUES (?, ?)"};
  EXPECT_EQ(code_of(part, args(1, 99)), Code::conflict);  // foreign key
  EXPECT_EQ(code_of({"test.wrong", "INSERT INTO nowhere VALUES (1)"}, {}), Code::internal);
  EXPECT_EQ(code_of(kAdd, args(1)), Code::internal);  // number of parameters
  EXPECT_EQ(names(), std::vector<std::string>{"one"});
}

TEST_P(DatabaseTest, TextWithNulIsRefused) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(code_of(kAdd, args(1, text, 0.0)), Code::invalid);
  const std::vector<std::int64_t> ids{1};
  const std::vector<std::string> texts{text};
  const auto bulk = database().write([&](Transaction& tx) {
    return tx.bulk_insert({"test.bulk", "things", {"id", "name"}},
                          std::array<Column, 2>{Column(std::span(ids)), Column(std::span(texts))});
  });
  ASSERT_FALSE(bulk);
  EXPECT_EQ(bulk.error().code, Code::invalid);
}

TEST_P(DatabaseTest, DoublesComeBackBitForBit) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values{0.1,
                                   1.0 / 3,
                                   infinity,
                                   -infinity,
                                   std::numeric_limits<double>::denorm_min(),
                                   std::numeric_limits<double>::max(),
                                   123456789012345678.0};
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_TRUE(add(static_cast<std::int64_t>(i), "v" + std::to_string(i), values[i]));
  const auto stored = database().read([](Session& s) {
    return s.query_all({"test.scores", "SELECT score FROM things ORDER BY id"}, {},
                       [](const Row& row) { return row.real(0); });
  });
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>((*stored)[i]), std::bit_cast<std::uint64_t>(values[i]))
        << values[i];
}

TEST_P(DatabaseTest, EveryDoubleComesBackThroughItsBits) {
  const std::vector<std::uint64_t> patterns{0x7ff8000000000000, 0xfff8000000000abc, 0x7ff0000000000001,
                                            0x8000000000000000, 0xfff0000000000000};
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const Statement set{"test.bits", "INSERT INTO things (id, name, made) VALUES (?, ?, ?)"};
    ASSERT_TRUE(database().write([&](Transaction& tx) {
      return tx.execute(set,
                        args(i, "v" + std::to_string(i), double_bits(std::bit_cast<double>(patterns[i]))));
    }));
  }
  const auto stored = database().read([](Session& s) {
    return s.query_all({"test.made", "SELECT made FROM things ORDER BY id"}, {}, [](const Row& row) {
      return std::bit_cast<std::uint64_t>(bits_double(row.integer(0)));
    });
  });
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, patterns);
}

TEST_P(DatabaseTest, BytesComeBackAsTheyWere) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const Statement set{"test.blob", "INSERT INTO things (id, name, content) VALUES (?, ?, ?)"};
  ASSERT_TRUE(database().write([&](Transaction& tx) -> Result<void> {
    TRACSEQ_CHECK(tx.execute(set, args(1, "full", bytes_of(bytes))));
    TRACSEQ_CHECK(tx.execute(set, args(2, "empty", ByteView{})));
    TRACSEQ_CHECK(tx.execute(set, args(3, "null", nullptr)));
    return {};
  }));
  std::vector<std::optional<std::string>> stored;
  ASSERT_TRUE(database().read([&](Session& s) {
    return s.query(
        {"test.blobs", "SELECT content FROM things ORDER BY id"}, {}, [&](const Row& row) -> Result<void> {
          stored.push_back(row.is_null(0) ? std::nullopt : std::optional(std::string(text_of(row.bytes(0)))));
          return {};
        });
  }));
  EXPECT_EQ(stored, (std::vector<std::optional<std::string>>{bytes, "", std::nullopt}));
}

TEST_P(DatabaseTest, RowsFillDescribedStructs) {
  const Statement set{
      "test.thing",
      "INSERT INTO things (id, fine, small, score, name, made, colour, extra, note, content, list, weights) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  ASSERT_TRUE(database().write([&](Transaction& tx) {
    return tx.execute(
        set, args(7, true, -5, 0.5, "seven", Timestamp{1'700'000'000'123'456}, enum_name(Colour::green),
                  R"({"a":[1,2.5]})", nullptr, bytes_of("xy"), "[1,2,3]", R"({"w":0.25})"));
  }));
  const auto thing = database().read([](Session& s) {
    return s.query_one_as<Thing>({"test.read",
                                  "SELECT weights, note, id, fine, small, score, name, made, colour, extra, "
                                  "content, list, 1 AS unknown FROM things"},
                                 {});
  });
  ASSERT_TRUE(thing && *thing) << thing.error().message << thing.error().detail;
  const Thing& read = **thing;
  EXPECT_EQ(read.id, 7);
  EXPECT_TRUE(read.fine);
  EXPECT_EQ(read.small, -5);
  EXPECT_EQ(read.score, 0.5);
  EXPECT_EQ(read.name, "seven");
  EXPECT_EQ(read.made.us, 1'700'000'000'123'456);
  EXPECT_EQ(read.colour, Colour::green);
  EXPECT_EQ(dump_json(read.extra), R"({"a":[1,2.5]})");
  EXPECT_EQ(read.note, std::nullopt);
  EXPECT_EQ(read.content.bytes, "xy");
  EXPECT_EQ(read.list, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(read.weights.at("w"), 0.25);
}

TEST_P(DatabaseTest, TextThatDoesNotDecodeIsAnErrorThatNamesTheColumn) {
  ASSERT_TRUE(database().write([&](Transaction& tx) {
    return tx.execute({"test.bad", "INSERT INTO things (id, name, colour) VALUES (1, 'one', 'purple')"}, {});
  }));
  const auto thing = database().read(
      [](Session& s) { return s.query_one_as<Thing>({"test.read_bad", "SELECT colour FROM things"}, {}); });
  ASSERT_FALSE(thing);
  EXPECT_EQ(thing.error().code, Code::internal);
  EXPECT_NE(thing.error().message.find("colour"), std::string::npos);
}

TEST_P(DatabaseTest, BulkInsertTakesEveryKindOfColumn) {
  constexpr std::size_t kRows = 12'345;
  std::vector<std::int64_t> ids;
  std::vector<std::string> names;
  std::vector<std::optional<double>> scores;
  std::vector<std::optional<std::int64_t>> times;
  std::vector<std::optional<std::string>> notes;
  std::vector<Blob> contents;
  for (std::size_t i = 0; i < kRows; ++i) {
    ids.push_back(static_cast<std::int64_t>(i));
    names.push_back("näme \"" + std::to_string(i) + "'");
    scores.push_back(i % 2 == 0 ? std::optional(static_cast<double>(i) / 7) : std::nullopt);
    times.push_back(i % 3 == 0 ? std::optional(static_cast<std::int64_t>(i)) : std::nullopt);
    notes.push_back(i % 5 == 0 ? std::optional<std::string>("") : std::nullopt);
    contents.push_back({std::string(i % 4, '\0')});
  }
  const BulkInsert insert{"test.bulk", "things", {"id", "name", "score", "made", "note", "content"}};
  const std::array<Column, 6> columns{Column(std::span<const std::int64_t>(ids)),
                                      Column(std::span<const std::string>(names)),
                                      Column(std::span<const std::optional<double>>(scores)),
                                      Column(std::span<const std::optional<std::int64_t>>(times)),
                                      Column(std::span<const std::optional<std::string>>(notes)),
                                      Column(std::span<const Blob>(contents))};
  const auto inserted = database().write([&](Transaction& tx) { return tx.bulk_insert(insert, columns); });
  ASSERT_TRUE(inserted) << inserted.error().message << inserted.error().detail;
  EXPECT_EQ(*inserted, static_cast<std::int64_t>(kRows));
  std::size_t i = 0;
  const auto read = database().read([&](Session& s) {
    return s.query({"test.all", "SELECT id, name, score, made, note, content FROM things ORDER BY id"}, {},
                   [&](const Row& row) -> Result<void> {
                     EXPECT_EQ(row.integer(0), ids[i]);
                     EXPECT_EQ(row.text(1), names[i]);
                     EXPECT_EQ(row.is_null(2), !scores[i].has_value());
                     EXPECT_EQ(row.real(2), scores[i].value_or(0));
                     EXPECT_EQ(row.is_null(3), !times[i].has_value());
                     EXPECT_EQ(row.is_null(4), !notes[i].has_value());
                     EXPECT_EQ(text_of(row.bytes(5)), contents[i].bytes);
                     ++i;
                     return {};
                   });
  });
  ASSERT_TRUE(read);
  EXPECT_EQ(i, kRows);
}

TEST_P(DatabaseTest, BulkInsertCountsWhatItInserted) {
  ASSERT_TRUE(add(3, "three"));
  const std::vector<std::int64_t> ids{1, 2, 3};
  const std::vector<std::string> names{"one", "two", "drei"};
  const std::array<Column, 2> columns{Column(std::span<const std::int64_t>(ids)),
                                      Column(std::span<const std::string>(names))};
  const auto inserted = database().write([&](Transaction& tx) {
    return tx.bulk_insert({"test.bulk", "things", {"id", "name"}, "ON CONFLICT DO NOTHING"}, columns);
  });
  ASSERT_TRUE(inserted) << inserted.error().message;
  EXPECT_EQ(*inserted, 2);
  EXPECT_EQ(this->names(), (std::vector<std::string>{"one", "two", "three"}));
}

TEST_P(DatabaseTest, AReadSeesOneMoment) {
  ASSERT_TRUE(add(1, "one"));
  const auto count = [](Session& s) {
    return s.query_one(kCount, {}, [](const Row& row) { return row.integer(0); });
  };
  const auto both = database().read([&](Session& s) -> Result<std::pair<std::int64_t, std::int64_t>> {
    TRACSEQ_TRY(const auto before, count(s));
    std::thread writer([&] { EXPECT_TRUE(add(2, "two")); });
    writer.join();
    TRACSEQ_TRY(const auto after, count(s));
    return std::pair(before.value_or(-1), after.value_or(-1));
  });
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->first, 1);
  EXPECT_EQ(both->second, 1);
  EXPECT_EQ(names().size(), 2U);
}

TEST_P(DatabaseTest, StatementsMayNest) {
  ASSERT_TRUE(add(1, "one"));
  ASSERT_TRUE(add(2, "two"));
  std::vector<std::string> seen;
  const auto read = database().read([&](Session& s) {
    return s.query(kNames, {}, [&](const Row& outer) -> Result<void> {
      const std::string first = outer.str(0);
      return s.query(kNames, {}, [&](const Row& inner) -> Result<void> {
        seen.push_back(first + "-" + inner.str(0));
        return {};
      });
    });
  });
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(seen, (std::vector<std::string>{"one-one", "one-two", "two-one", "two-two"}));
}

TEST_P(DatabaseTest, ConcurrentWritersLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i)
        if (!add(t * 1000 + i, std::to_string(t) + "/" + std::to_string(i))) ++failed;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(names().size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST_P(DatabaseTest, ConcurrentCountersAddUp) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  const Statement get{"test.get", "SELECT value FROM counters WHERE name = 'n'"};
  const Statement put{"test.put", "UPDATE counters SET value = ? WHERE name = 'n'"};
  ASSERT_TRUE(database().write([](Transaction& tx) {
    return tx.execute({"test.zero", "INSERT INTO counters (name, value) VALUES ('n', 0)"}, {});
  }));
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto added = database().write([&](Transaction& tx) -> Result<void> {
          TRACSEQ_TRY(const auto value, tx.query_one(get, {}, [](const Row& row) { return row.integer(0); }));
          TRACSEQ_CHECK(tx.execute(put, args(value.value_or(0) + 1)));
          return {};
        });
        if (added) ++done;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const auto value = database().read(
      [&](Session& s) { return s.query_one(get, {}, [](const Row& row) { return row.integer(0); }); });
  ASSERT_TRUE(value && *value);
  EXPECT_EQ(**value, done);  // no update is lost, whatever collided
  EXPECT_GT(done, kThreads * kEach / 2);
}

TEST_P(DatabaseTest, ASlowStatementIsEnded) {
  const auto impatient = open_database(url(), {.statement_timeout = std::chrono::milliseconds(50)});
  ASSERT_TRUE(impatient);
  const Statement slow{"test.slow",
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
                       "SELECT count(*) FROM n"};
  const auto started = Steady::now();
  const auto read = (*impatient)->read([&](Session& s) {
    return s.query(slow, {}, [](const Row&) -> Result<void> { return {}; });
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::deadline) << read.error().detail;
  EXPECT_LT(Steady::now() - started, std::chrono::seconds(5));
  EXPECT_TRUE((*impatient)->ping());
}

TEST_P(DatabaseTest, AWriteWaitsForAnotherNoLongerThanItsCall) {
  constexpr Statement kRename{"test.rename", "UPDATE things SET name = ? WHERE id = ?"};
  ASSERT_TRUE(add(1, "a"));
  std::latch held(1);
  std::latch late(1);
  std::thread holder([&] {
    EXPECT_TRUE(database().write([&](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kRename, args("b", 1)));
      held.count_down();
      late.wait();
      return {};
    }));
  });
  held.wait();
  {
    const CallDeadline deadline(Steady::now() + std::chrono::milliseconds(300));
    const auto begun = Steady::now();
    EXPECT_EQ(code_of(kRename, args("c", 1)), Code::deadline);
    EXPECT_LT(Steady::now() - begun, std::chrono::seconds(3));
  }
  late.count_down();
  holder.join();
  EXPECT_EQ(names(), std::vector<std::string>{"b"});
}

TEST_P(DatabaseTest, LikeRespectsCaseAndTextSortsByCodePoint) {
  for (const auto& [id, name] :
       std::vector<std::pair<int, std::string>>{{1, "b"}, {2, "B"}, {3, "ä"}, {4, "Z"}})
    ASSERT_TRUE(add(id, name));
  const auto like = database().read([](Session& s) {
    return s.query_all({"test.like", "SELECT name FROM things WHERE name LIKE 'b%'"}, {},
                       [](const Row& row) { return row.str(0); });
  });
  ASSERT_TRUE(like);
  EXPECT_EQ(*like, std::vector<std::string>{"b"});
  const auto counters = database().write([](Transaction& tx) -> Result<std::vector<std::string>> {
    for (const char* name : {"b", "B", "ä", "Z"})
      TRACSEQ_CHECK(
          tx.execute({"test.name", "INSERT INTO counters (name, value) VALUES (?, 0)"}, args(name)));
    return tx.query_all({"test.sorted", "SELECT name FROM counters ORDER BY name"}, {},
                        [](const Row& row) { return row.str(0); });
  });
  ASSERT_TRUE(counters) << counters.error().message;
  EXPECT_EQ(*counters, (std::vector<std::string>{"B", "Z", "b", "ä"}));
}

// Counts the members of its group.
class Counting final : public CommitHook {
 public:
  explicit Counting(std::int64_t& commits) : commits_(commits) {}
  Result<void> before_commit(Transaction& transaction) override {
    ++commits_;
    TRACSEQ_CHECK(transaction.execute({"test.hook", "INSERT INTO counters (name, value) VALUES (?, ?)"},
                                      args("group-" + std::to_string(commits_), members)));
    return {};
  }
  std::int64_t members = 0;

 private:
  std::int64_t& commits_;
};

TEST_P(DatabaseTest, AHookRunsOncePerGroup) {
  static const int kKey = 0;
  std::int64_t commits = 0;
  const auto written = database().write([&](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 3; ++i) {
      TRACSEQ_CHECK(tx.execute(kAdd, args(i, std::to_string(i), 0.0)));
      static_cast<Counting&>(tx.hook(&kKey, [&] { return std::make_unique<Counting>(commits); })).members++;
    }
    return {};
  });
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(commits, 1);
  const auto members = database().read([](Session& s) {
    return s.query_one({"test.members", "SELECT value FROM counters WHERE name = 'group-1'"}, {},
                       [](const Row& row) { return row.integer(0); });
  });
  ASSERT_TRUE(members && *members);
  EXPECT_EQ(**members, 3);
}

class Refusing final : public CommitHook {
 public:
  Result<void> before_commit(Transaction&) override {
    return fail(Code::precondition_failed, "the hook refuses");
  }
};

TEST_P(DatabaseTest, AHookThatFailsFailsTheGroup) {
  static const int kKey = 0;
  const auto written = database().write([&](Transaction& tx) -> Result<void> {
    TRACSEQ_CHECK(tx.execute(kAdd, args(1, "one", 0.0)));
    tx.hook(&kKey, [] { return std::make_unique<Refusing>(); });
    return {};
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::precondition_failed);
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace tracseq::sql
