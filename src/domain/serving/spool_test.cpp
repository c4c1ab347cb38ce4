// SPDX-License-Identifier: MIT
#include "domain/serving/spool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace tracseq::serving {
namespace {

namespace fs = std::filesystem;

class SpoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tracseq-spool-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<Spool> open(std::uint64_t bytes_max = 64UL << 20) {
    auto spool = Spool::open(folder_, bytes_max);
    EXPECT_TRUE(spool) << spool.error().message;
    return spool ? std::move(*spool) : nullptr;
  }
  static SpoolRecord record(int i, std::size_t size = 100) {
    return {"key" + std::to_string(i), std::string(size, static_cast<char>('a' + i % 26)), 3};
  }
  // Keys of all records, popped in order.
  static std::vector<std::string> drain(Spool& spool) {
    std::vector<std::string> keys;
    while (true) {
      const auto front = spool.front();
      EXPECT_TRUE(front);
      if (!front || !*front) return keys;
      keys.push_back((*front)->key);
      EXPECT_TRUE(spool.pop());
    }
  }
  fs::path folder_;
};

TEST_F(SpoolTest, GivesBackInOrderAndEndsEmpty) {
  const auto spool = open();
  EXPECT_TRUE(spool->empty());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(spool->push(record(i)));
  EXPECT_EQ(spool->items(), 30U);
  EXPECT_EQ(drain(*spool).size(), 10U);
  EXPECT_TRUE(spool->empty());
  EXPECT_EQ(spool->items(), 0U);
  EXPECT_EQ(spool->bytes(), 0U);
  ASSERT_TRUE(spool->push(record(11)));
  EXPECT_EQ(drain(*spool), std::vector<std::string>{"key11"});
}

TEST_F(SpoolTest, AnotherProcessGoesOnWhereTheFirstEnded) {
  {
    const auto spool = open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(spool->push(record(i)));
    ASSERT_TRUE(spool->front());
    ASSERT_TRUE(spool->pop());
    ASSERT_TRUE(spool->pop());
  }
  const auto spool = open();
  EXPECT_EQ(spool->items(), 9U);
  ASSERT_TRUE(spool->push(record(5)));
  EXPECT_EQ(drain(*spool), (std::vector<std::string>{"key2", "key3", "key4", "key5"}));
}

TEST_F(SpoolTest, APositionDoesNotOutliveItsFile) {
  for (int life = 0; life < 2; ++life) {
    const auto spool = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(spool->push(record(i)));
    EXPECT_EQ(drain(*spool), (std::vector<std::string>{"key0", "key1", "key2"})) << life;
  }
}

TEST_F(SpoolTest, SegmentsFollowOneAnother) {
  const auto spool = open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(spool->push(record(i, 3UL << 20)));
  EXPECT_GT(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}), 1);
  EXPECT_EQ(drain(*spool).size(), 5U);
  EXPECT_TRUE(spool->empty());
}

TEST_F(SpoolTest, BeyondTheBoundNothingIsTakenAndNothingLost) {
  const auto spool = open(1000);
  int taken = 0;
  while (taken < 100 && spool->push(record(taken))) ++taken;
  EXPECT_GT(taken, 2);
  EXPECT_LT(taken, 100);
  EXPECT_EQ(spool->push(record(0)).error().code, Code::storage_full);
  EXPECT_EQ(drain(*spool).size(), static_cast<std::size_t>(taken));
  EXPECT_TRUE(spool->push(record(0)));
}

TEST_F(SpoolTest, ARecordCutShortIsLeftOutWhateverTheCut) {
  const std::string first = encode_spool_record(record(1));
  const std::string second = encode_spool_record(record(2));
  for (std::size_t cut = 0; cut < second.size(); ++cut) {
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry.path());
    std::ofstream(folder_ / "spool-000000000001", std::ios::binary) << first << second.substr(0, cut);
    const auto spool = open();
    ASSERT_TRUE(spool->push(record(3)));
    EXPECT_EQ(drain(*spool), (std::vector<std::string>{"key1", "key3"})) << cut;
  }
}

TEST_F(SpoolTest, WhatADamagedFileHeldIsCountedAsLost) {
  const auto spool = open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(spool->push(record(i)));
  {
    std::fstream file(folder_ / "spool-000000000001", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(encode_spool_record(record(0)).size()) + 40);
    file.put('?');
  }
  EXPECT_EQ(spool->items(), 12U);
  EXPECT_EQ(drain(*spool), std::vector<std::string>{"key0"});
  EXPECT_TRUE(spool->empty());
  EXPECT_EQ(spool->items(), 0U);
  EXPECT_EQ(spool->bytes(), 0U);
  EXPECT_EQ(spool->take_lost(), 9U);
  EXPECT_EQ(spool->take_lost(), 0U);
  ASSERT_TRUE(spool->push(record(5)));
  EXPECT_EQ(spool->items(), 3U);
}

TEST_F(SpoolTest, WhatTheProcessBeforeLeftUnreadableIsCountedToo) {
  std::string second = encode_spool_record(record(1));
  second[60] = '?';
  std::ofstream(folder_ / "spool-000000000001", std::ios::binary)
      << encode_spool_record(record(0)) << second << encode_spool_record(record(2));
  std::ofstream(folder_ / "spool-000000000002", std::ios::binary) << "no record at all";
  const auto spool = open();
  EXPECT_EQ(spool->items(), 3U);
  EXPECT_EQ(spool->take_lost(), 3U + 3U + 1U);
  EXPECT_EQ(drain(*spool), std::vector<std::string>{"key0"});
  EXPECT_EQ(spool->items(), 0U);
  EXPECT_EQ(spool->take_lost(), 0U);
}

TEST_F(SpoolTest, AFlippedBitIsSeen) {
  std::string bytes = encode_spool_record(record(1));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    std::string_view view = bytes;
    EXPECT_FALSE(decode_spool_record(view)) << i;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
  }
}

}  // namespace
}  // namespace tracseq::serving
