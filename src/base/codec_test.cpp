// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/describe.h"

namespace tracseq {

enum class Shade { light, dark };
TRACSEQ_DESCRIBE_ENUM(Shade, light, dark)
TRACSEQ_DEFINE_ENUM(Shade)

struct Inner {
  std::string name;
  std::optional<double> value;
};
TRACSEQ_DESCRIBE(Inner, (name, value))
TRACSEQ_DEFINE_TYPE(Inner, {.name = "name", .required = true, .length_max = 10, .length_min = 1})

using SampleId = Strong<struct SampleIdTag>;

struct Everything {
  bool flag = false;
  std::int32_t small = 0;
  std::int64_t large = 0;
  double number = 0;
  std::string text;
  Timestamp time;
  Json document;
  Blob blob;
  Shade shade = Shade::light;
  Inner inner;
  std::vector<Inner> list;
  std::map<std::string, std::vector<double>> series;
  std::optional<Shade> maybe;
  SampleId id;
};
TRACSEQ_DESCRIBE(Everything, (flag, small, large, number, text, time, document, blob, shade, inner, list,
                              series, maybe, id))
TRACSEQ_DEFINE_TYPE(Everything, {.name = "small", .min = -5, .max = 5}, {.name = "list", .length_max = 2})

struct Bounded {
  double share = 0;
  double least = 0;
  double most = 0;
  double free = 0;
};
TRACSEQ_DESCRIBE(Bounded, (share, least, most, free))
TRACSEQ_DEFINE_TYPE(Bounded, {.name = "share", .min = 0, .max = 1}, {.name = "least", .min = 0},
                    {.name = "most", .max = 0})

namespace {

std::string why(std::string_view text) {
  const auto value = from_json<Everything>(text);
  EXPECT_FALSE(value) << text;
  return value ? "" : value.error().field + ": " + value.error().message;
}

TEST(Codec, ComesBackWhole) {
  Everything all;
  all.flag = true;
  all.small = -5;
  all.large = std::numeric_limits<std::int64_t>::min();
  all.number = -0.0;
  all.text = "é\n\"\\";
  all.time = {1'795'435'200'123'456};
  all.document = Json::object().set("a", Json::Array{Json(1), Json(2.5), Json(nullptr)});
  all.blob.bytes = std::string("\0\xff\x80", 3);
  all.shade = Shade::dark;
  all.inner = {"i", 1e-320};
  all.list = {{"x", std::nullopt}, {"y", HUGE_VAL}};
  all.series = {{"k", {1, std::nan(""), -HUGE_VAL}}};
  all.maybe = Shade::dark;
  all.id = SampleId("s-1");
  const std::string text = to_json(all);
  const auto back = from_json<Everything>(text);
  ASSERT_TRUE(back) << back.error().message << text;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_TRUE(std::signbit(back->number));
  EXPECT_EQ(back->blob.bytes, all.blob.bytes);
  EXPECT_EQ(back->id.value(), "s-1");
  EXPECT_TRUE(std::isnan(back->series.at("k")[1]));
}

TEST(Codec, AbsentFieldsKeepTheirValuesAndAbsentOptionalsAreLeftOut) {
  const auto value = from_json<Everything>(R"({"inner":{"name":"n"}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_json(*value).find("maybe"), std::string::npos);
  EXPECT_EQ(value->shade, Shade::light);
}

TEST(Codec, ErrorsNameTheFieldTheValueAndWhatIsAllowed) {
  EXPECT_EQ(why(R"({"flag":1})"), "flag: flag is 1; it must be true or false");
  EXPECT_NE(why(R"({"small":6,"inner":{"name":"n"}})").find("small is 6; it must be -5 to 5"),
            std::string::npos);
  EXPECT_NE(why(R"({"small":4000000000})").find("must fit 32 bits"), std::string::npos);
  EXPECT_NE(why(R"({"large":1.5})").find("large is 1.5; it must be an integer"), std::string::npos);
  EXPECT_NE(why(R"({"number":"seven"})").find("it must be a number"), std::string::npos);
  EXPECT_NE(why(R"({"shade":"pink"})").find("it must be one of light, dark"), std::string::npos);
  EXPECT_NE(why(R"({"time":"yesterday"})").find("time"), std::string::npos);
  EXPECT_NE(why(R"({"blob":"?"})").find("base64"), std::string::npos);
  EXPECT_NE(why(R"({"inner":{}})").find("inner.name is missing"), std::string::npos);
  EXPECT_NE(why(R"({"inner":{"name":""}})").find("at least 1"), std::string::npos);
  EXPECT_NE(why(R"({"inner":{"name":"n"},"list":[{"name":"a"},{"name":7}]})").find("list[1].name"),
            std::string::npos);
  EXPECT_NE(
      why(R"({"inner":{"name":"n"},"list":[{"name":"a"},{"name":"b"},{"name":"c"}]})").find("at most 2"),
      std::string::npos);
  EXPECT_NE(why(R"({"inner":{"name":"n","nam":1}})").find("unknown field 'inner.nam'; allowed: name, value"),
            std::string::npos);
  EXPECT_NE(why("[]").find("the JSON is []; it must be an object"), std::string::npos);
  EXPECT_NE(why(R"({"series":{"k":["x"]}})").find("series.k[0]"), std::string::npos);
}

TEST(Codec, NotANumberLiesWithinNoBound) {
  for (const char* field : {"share", "least", "most"}) {
    const auto refused = from_json<Bounded>(fmt::format(R"({{"{}":"NaN"}})", field));
    ASSERT_FALSE(refused) << field;
    EXPECT_EQ(refused.error().field, field);
    EXPECT_NE(refused.error().message.find("is nan; it must be"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_TRUE(from_json<Bounded>(R"({"free":"NaN","least":"Infinity","most":"-Infinity"})"));
  EXPECT_FALSE(from_json<Bounded>(R"({"share":"Infinity"})"));
  EXPECT_TRUE(from_json<Bounded>(R"({"share":1,"least":0.0,"most":0})"));
}

TEST(Codec, ForeignDocumentsMayHaveMore) {
  EXPECT_TRUE(from_json<Inner>(R"({"name":"n","more":{}})", UnknownFields::ignore));
}

TEST(Codec, ReadsValuesFromText) {
  Everything all;
  const auto& fields = type_info<Everything>().fields;
  const auto read = [&](std::size_t index, std::string_view text) {
    return from_text(fields[index].type(), fields[index].name, text, fields[index].get(&all)).has_value();
  };
  EXPECT_TRUE(read(0, "true") && all.flag);
  EXPECT_TRUE(read(0, "0") && !all.flag);
  EXPECT_FALSE(read(0, "yes"));
  EXPECT_TRUE(read(2, "-7") && all.large == -7);
  EXPECT_FALSE(read(2, "7x"));
  EXPECT_FALSE(read(2, ""));
  EXPECT_TRUE(read(3, "NaN") && std::isnan(all.number));
  EXPECT_TRUE(read(4, "7") && all.text == "7");
  EXPECT_TRUE(read(8, "dark") && all.shade == Shade::dark);
  EXPECT_TRUE(read(12, "light") && all.maybe == Shade::light);
  EXPECT_TRUE(read(6, R"({"a":1})") && all.document.is_object());
  EXPECT_FALSE(read(6, "{"));
}

}  // namespace
}  // namespace tracseq
