// SPDX-License-Identifier: MIT
#include "domain/serving/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "domain/serving/engine.h"
#include "domain/serving/testing.h"

namespace tracseq::serving {
namespace {

using testing::fp32;
using testing::fp64;
using testing::raw;

TEST(Tensor, NamesOfTypesRoundTripAndAreCaseSensitive) {
  for (int i = 0; i <= static_cast<int>(DataType::bytes); ++i) {
    const auto type = static_cast<DataType>(i);
    EXPECT_EQ(datatype_from(datatype_name(type)), type);
  }
  EXPECT_FALSE(datatype_from("fp64"));
  EXPECT_FALSE(datatype_from("BF16"));
  EXPECT_FALSE(datatype_from(""));
}

TEST(Tensor, CountRefusesNegativeOverflowingAndDeepShapes) {
  EXPECT_EQ(*element_count("t", Shape{2, 3}), 6U);
  EXPECT_EQ(*element_count("t", Shape{}), 1U);
  EXPECT_EQ(*element_count("t", Shape{0, 5}), 0U);
  EXPECT_EQ(element_count("t", Shape{-1}).error().code, Code::invalid);
  EXPECT_EQ(element_count("t", Shape{0, -1}).error().code, Code::invalid);
  constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(element_count("t", Shape{kHuge, kHuge}).error().code, Code::too_large);
  EXPECT_EQ(element_count("t", Shape{0, kHuge, 2}).error().code, Code::too_large);
  EXPECT_EQ(element_count("t", Shape{1L << 32, 1L << 32}).error().code, Code::too_large);
  EXPECT_EQ(element_count("t", Shape(9, 1)).error().code, Code::invalid);
}

TEST(Tensor, ByteCountMustMatchShapeAndType) {
  EXPECT_TRUE(check_tensor(fp64("t", {1, 2}, {1, 2})));
  EXPECT_FALSE(check_tensor(fp64("t", {1, 3}, {1, 2})));
  EXPECT_FALSE(check_tensor(fp64("t", {1, 1}, {1, 2})));
  Tensor strings{"t", DataType::bytes, {2}, {}, {"a"}};
  EXPECT_FALSE(check_tensor(strings));
  strings.strings.emplace_back("b");
  EXPECT_TRUE(check_tensor(strings));
}

TEST(Tensor, BytesSplitRefusesWhatIsCutShortOrLeftOver) {
  std::string wire;
  append_bytes(wire, {"one", "", std::string("a\0b", 3)});
  const auto parts = split_bytes("t", wire, 3);
  ASSERT_TRUE(parts);
  EXPECT_EQ((*parts)[2], std::string("a\0b", 3));
  EXPECT_FALSE(split_bytes("t", wire, 2));
  EXPECT_FALSE(split_bytes("t", wire, 4));
  EXPECT_FALSE(split_bytes("t", wire, std::numeric_limits<std::size_t>::max()));
  EXPECT_FALSE(split_bytes("t", wire.substr(0, 2), 1));
  EXPECT_FALSE(split_bytes("t", std::string("\xff\xff\xff\xff", 4), 1));
  EXPECT_TRUE(split_bytes("t", "", 0));
}

TEST(Tensor, NarrowingRoundsToNearestAndRefusesOverflow) {
  const auto narrow = to_fp32(fp64("t", {1, 4}, {0.1, -0.0, NAN, INFINITY}));
  ASSERT_TRUE(narrow);
  const auto values = testing::values_of<float>(Tensor{"t", DataType::fp32, {1, 4}, *narrow, {}});
  EXPECT_EQ(values[0], 0.1F);
  EXPECT_TRUE(std::signbit(values[1]));
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_TRUE(std::isinf(values[3]));
  const auto refused = to_fp32(fp64("t", {1}, {1e39}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("1e+39"), std::string::npos);
}

ModelInfo two_inputs() {
  return {"test", {{"a", DataType::fp32, {-1, 2}}, {"b", DataType::int64, {1}}}, {}, {}, {}};
}

TEST(MatchInputs, TakesAnyOrderAndEitherFloat) {
  const std::vector<Tensor> given{{"b", DataType::int64, {1}, raw(std::vector<std::int64_t>{1}), {}},
                                  fp64("a", {3, 2}, {1, 2, 3, 4, 5, 6})};
  const auto order = match_inputs(two_inputs(), given);
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(*order, (std::vector<std::size_t>{1, 0}));
}

TEST(MatchInputs, NamesWhatIsUnknownDoubledMissingOrWrong) {
  const Tensor a = fp32("a", {1, 2}, {1, 2});
  const Tensor b{"b", DataType::int64, {1}, raw(std::vector<std::int64_t>{1}), {}};
  const auto message = [](const std::vector<Tensor>& given) {
    const auto order = match_inputs(two_inputs(), given);
    return order ? std::string() : order.error().message;
  };
  EXPECT_EQ(message({a, b}), "");
  EXPECT_NE(message({a, b, fp32("c", {1}, {1})}).find("no input 'c'"), std::string::npos);
  EXPECT_NE(message({a, a}).find("'a' is given twice"), std::string::npos);
  EXPECT_NE(message({a}).find("'b' is missing"), std::string::npos);
  EXPECT_NE(message({fp32("a", {1, 3}, {1, 2, 3}), b}).find("[-1,2]"), std::string::npos);
  EXPECT_NE(message({a, fp64("b", {1}, {1})}).find("takes INT64"), std::string::npos);
  EXPECT_NE(message({fp32("a", {2, 2}, {1, 2}), b}).find("needs 16 bytes"), std::string::npos);
}

}  // namespace
}  // namespace tracseq::serving
