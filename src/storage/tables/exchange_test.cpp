// SPDX-License-Identifier: MIT
#include "storage/tables/exchange.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include <stdlib.h>
#include <unistd.h>

#include "storage/tables/csv_writer.h"

namespace tracseq::tables {
namespace {

std::vector<ColumnBatch> table() {
  ColumnBatch first;
  first.rows = 3;
  first.columns.resize(5);
  const char* names[] = {"x", "n", "ok", "s", "at"};
  const ColumnType types[] = {ColumnType::float64, ColumnType::int64, ColumnType::boolean, ColumnType::string,
                              ColumnType::timestamp};
  for (std::size_t c = 0; c < 5; ++c) first.columns[c].name = names[c], first.columns[c].type = types[c];
  first.columns[0].doubles = {0.1, -0.0, 1e300};
  first.columns[1].integers = {1, -2, 9'007'199'254'740'993};
  first.columns[2].booleans = {1, 0, 1};
  for (const char* text : {"a,b", "", "sa\"id"}) first.columns[3].append_text(text);
  first.columns[4].integers = {0, 1'700'000'000'000'000, 1};
  first.columns[0].set_missing(2, 3);
  first.columns[4].set_missing(0, 3);
  ColumnBatch second = first;
  second.columns[0].doubles[2] = 1;
  second.columns[0].validity.clear();
  return {first, second};
}

class Exchange : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "exchange-XXXXXX";
    const int descriptor = mkstemp(pattern.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
    path_ = pattern;
  }
  void TearDown() override { std::remove(path_.c_str()); }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string path_;
};

TEST_F(Exchange, GivesBackWhatWasWritten) {
  const auto batches = table();
  MemorySource source(batches);
  auto reader = source.open(std::vector<std::string>{});
  ASSERT_TRUE(write_exchange(path_, source.columns(), **reader));
  const auto read = ExchangeSource::open_file(path_);
  ASSERT_TRUE(read) << read.error().message;
  auto rows = (*read)->open({});
  for (const auto& expected : batches) {
    const auto batch = (*rows)->next();
    ASSERT_TRUE(batch && *batch);
    ASSERT_EQ((*batch)->rows, expected.rows);
    for (std::size_t c = 0; c < expected.columns.size(); ++c)
      for (std::size_t r = 0; r < expected.rows; ++r) {
        ASSERT_EQ((*batch)->columns[c].present(r), expected.columns[c].present(r));
        if (!expected.columns[c].present(r)) continue;
        ASSERT_EQ(value_text((*batch)->columns[c], r), value_text(expected.columns[c], r));
      }
  }
  EXPECT_EQ(*(*rows)->next(), nullptr);
  EXPECT_EQ((*read)->open({"none"}).error().code, Code::not_found);
}

TEST_F(Exchange, AFileThatIsNotThereIsToldWithoutItsFolder) {
  const auto read = ExchangeSource::open_file(path_ + ".none");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "the table cannot be opened: No such file or directory");
  EXPECT_EQ(read.error().detail, path_ + ".none");
}

TEST_F(Exchange, RefusesWhatLies) {
  const auto batches = table();
  MemorySource source(batches);
  auto reader = source.open(std::vector<std::string>{});
  ASSERT_TRUE(write_exchange(path_, source.columns(), **reader));
  const std::string good = content();
  ASSERT_TRUE(ExchangeSource::of(good));
  EXPECT_FALSE(ExchangeSource::of(""));
  EXPECT_FALSE(ExchangeSource::of(good.substr(1)));
  EXPECT_FALSE(ExchangeSource::of(good.substr(0, good.size() - 1)));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.rfind(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return ExchangeSource::of(text).has_value();
  };
  EXPECT_FALSE(changed("\"rows\":3", "\"rows\":4"));
  EXPECT_FALSE(changed("\"name\":\"n\"", "\"name\":\"x\""));
  EXPECT_FALSE(changed("\"type\":\"boolean\"", "\"type\":\"float64\""));
  EXPECT_FALSE(changed("\"offset\":64", "\"offset\":99999999"));
  EXPECT_FALSE(changed("\"version\":1", "\"version\":2"));
}

TEST_F(Exchange, CsvQuotesWhatNeedsIt) {
  const auto batches = table();
  auto writer = CsvWriter::create(path_, {"x", "n", "ok", "s", "a,t"});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->append(batches[0]));
  const auto written = writer->finish();
  ASSERT_TRUE(written);
  EXPECT_EQ(content(),
            "x,n,ok,s,\"a,t\"\n0.1,1,True,\"a,b\",\n-0,-2,False,\"\",2023-11-14T22:13:20.000000Z\n"
            ",9007199254740993,True,\"sa\"\"id\",1970-01-01T00:00:00.000001Z\n");
  EXPECT_EQ(written->digest, sha256_hex(bytes_of(content())));
  EXPECT_EQ(written->rows, 3);
}

}  // namespace
}  // namespace tracseq::tables
