// SPDX-License-Identifier: MIT
#include "base/json_fault.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"

namespace tracseq {
namespace {

std::string told(std::string_view text) {
  const auto document = parse_json(text, "the body");
  EXPECT_FALSE(document) << text;
  return document ? std::string() : document.error().message;
}

TEST(JsonFault, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  for (const Case& one : {
           Case{"{\"a\": 1,\n \"b\": tru}",
                "the body is not valid JSON: expected a value, found 'tru' at line 2, column 7"},
           Case{"{\"a\": 1\n}\n,",
                "the body is not valid JSON: expected the end, found ',' at line 3, column 1"},
           Case{"[1,]", "the body is not valid JSON: expected a value, found ']' at column 4"},
           Case{"{\"a\":1,}",
                "the body is not valid JSON: expected a key in double quotes, found '}' at column 8"},
           Case{"{'a':1}",
                "the body is not valid JSON: expected a key in double quotes, found ''' at column 2"},
           Case{"{\"\xc3\xa4\" 1}", "the body is not valid JSON: expected ':', found '1' at column 6"},
           Case{"[1 2]", "the body is not valid JSON: expected ',' or ']', found '2' at column 4"},
           Case{"{\"a\":1", "the body is not valid JSON: expected ',' or '}', found the end at column 7"},
           Case{"[NaN]", "the body is not valid JSON: expected a value, found 'NaN' at column 2"},
           Case{" ", "the body is not valid JSON: expected a value, found the end at column 2"},
           Case{"[\"a]", "the body is not valid JSON: a string is not closed; it begins at column 2"},
           Case{"[\"\\x\"]", "the body is not valid JSON: a string holds an escape that is none at column 3"},
           Case{"\"\\ud800\"",
                "the body is not valid JSON: a string holds half of a surrogate pair at column 2"},
           Case{"\"a\nb\"",
                "the body is not valid JSON: a string holds the control character \\u000a as it is, not "
                "escaped "
                "at line 1, column 3"},
           Case{"\"\xff\"", "the body is not valid UTF-8 at column 2"},
           Case{"", "the body is empty where JSON is expected"},
           Case{"{\"a\":[{\"b\":1,\"b\":2}]}", "the body holds an object with the same key twice: 'b'"},
       })
    EXPECT_EQ(told(one.text), one.message);
  for (const std::string_view inner : {"", "1", "{}", "{\"a\":1}"})
    for (std::size_t depth = kJsonDepthMax - 2; depth <= kJsonDepthMax + 1; ++depth) {
      const std::string text = std::string(depth, '[') + std::string(inner) + std::string(depth, ']');
      EXPECT_EQ(find_json_fault(text).has_value(), !parse_json(text)) << text;
    }
  EXPECT_EQ(told(std::string(65, '[')), "the body is nested deeper than 64 levels at column 64");
}

TEST(JsonFault, ANumberIsToldWithItsField) {
  struct Case {
    std::string_view text;
    std::string_view field;
    std::string_view message;
  };
  for (const Case& one : {
           Case{"{\"params\": {\"lr\": 1e400}}", "params.lr",
                "params.lr is 1e400, too large for a double, at column 19 of the body"},
           Case{
               "{\"points\":\n[{\"step\": 1}, {\"step\": 9223372036854775808}]}", "points[1].step",
               "points[1].step is 9223372036854775808, too large for an integer (write it with a fraction or "
               "exponent), at line 2, column 24 of the body"},
           Case{"{\"a\": 01}", "a", "a is 01, which is no number in JSON, at column 7 of the body"},
           Case{"[[], -]", "[1]", "[1] is -, which is no number in JSON, at column 6 of the body"},
           Case{"1.", "", "the body is 1., which is no number in JSON at column 1"},
       }) {
    EXPECT_EQ(told(one.text), one.message);
    EXPECT_EQ(parse_json(one.text).error().field, one.field);
  }
  // Small beyond a double is zero, and long is shown cut.
  EXPECT_TRUE(parse_json("[1e-400]"));
  EXPECT_LT(told("[" + std::string(5'000, '9') + "]").size(), 200U);
}

// What the parser takes has no fault, what it refuses has one: texts that are almost JSON.
TEST(JsonFault, AgreesWithTheParser) {
  const std::string_view pieces[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "\"a\"",
                                     "\"",
                                     "1",
                                     "-0",
                                     "01",
                                     "1.5",
                                     "1e400",
                                     "1e3",
                                     "1e-400",
                                     "true",
                                     "nul",
                                     " ",
                                     "\n",
                                     "\\u0041",
                                     "\\",
                                     "\xff",
                                     "\xc3\xa4",
                                     "NaN",
                                     "\"\\ud83d\\ude00\"",
                                     "\"\\udc00\"",
                                     "x",
                                     "/",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "\"b\":",
                                     "\x01",
                                     "\"c\":[1,2]"};
  std::mt19937 random(20261124);
  int refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = i % 2 == 0 ? "{\"b\":" : "[";
    for (auto left = random() % 6; left > 0; --left) text += pieces[random() % std::size(pieces)];
    text += i % 2 == 0 ? "}" : "]";
    const auto document = parse_json(text);
    const auto fault = find_json_fault(text);
    if (document) {
      EXPECT_FALSE(fault) << text << ": " << fault->why;
    } else if (document.error().message.find("same key twice") == std::string::npos) {
      ++refused;
      EXPECT_TRUE(fault) << text << ": " << document.error().message;
    }
  }
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace tracseq
