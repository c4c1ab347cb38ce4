// SPDX-License-Identifier: MIT
#include "api/inference/oip_request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace tracseq::inference {
namespace {

using serving::DataType;

template <class T>
std::vector<T> values_of(const serving::Tensor& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

Result<InferRequest> parse(std::string body, std::optional<std::size_t> json_bytes = {}) {
  return parse_infer_request(body, json_bytes);
}

std::string message(std::string body, std::optional<std::size_t> json_bytes = {}) {
  const auto request = parse(std::move(body), json_bytes);
  return request ? std::string() : request.error().message;
}

std::string input(std::string_view rest) { return R"({"inputs":[{"name":"x",)" + std::string(rest) + "}]}"; }

TEST(OipRequest, ReadsFlatAndNestedData) {
  for (const char* data : {"[1,2.5,3e2,-4]", "[[1,2.5],[3e2,-4]]"}) {
    const auto request = parse(R"({"id":"r1","inputs":[{"data":)" + std::string(data) +
                               R"(,"shape":[2,2],"datatype":"FP64","name":"x"}],"outputs":[{"name":"y"}]})");
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->id, "r1");
    EXPECT_EQ(values_of<double>(request->inputs[0]), (std::vector<double>{1, 2.5, 300, -4}));
    ASSERT_EQ(request->outputs.size(), 1U);
    EXPECT_FALSE(request->outputs[0].binary);
  }
}

TEST(OipRequest, DoublesAreReadCorrectlyRounded) {
  const auto request = parse(input(
      R"("shape":[4],"datatype":"FP64","data":[0.1,0.30000000000000004,2.2250738585072011e-308,9007199254740993])"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(values_of<double>(request->inputs[0]),
            (std::vector<double>{0.1, 0.1 + 0.2, 2.2250738585072011e-308, 9007199254740992.0}));
}

TEST(OipRequest, NonFiniteNumbersComeBareQuotedOrAsNull) {
  for (const char* data :
       {"[NaN, Infinity,-Infinity]", R"(["NaN","Infinity","-Infinity"])", "[null,Infinity, -Infinity]"}) {
    const auto request =
        parse(R"({"id":"NaN \" Infinity","inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":)" +
              std::string(data) + "}]}");
    ASSERT_TRUE(request) << data << request.error().message;
    EXPECT_EQ(request->id, "NaN \" Infinity");
    const auto values = values_of<float>(request->inputs[0]);
    EXPECT_TRUE(std::isnan(values[0]));
    EXPECT_EQ(values[1], INFINITY);
    EXPECT_EQ(values[2], -INFINITY);
  }
}

TEST(OipRequest, IntegersOf64BitsStayExactBesideBareNaN) {
  const auto request = parse(
      R"({"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[NaN]},)"
      R"({"name":"b","shape":[2],"datatype":"INT64","data":[-9223372036854775808,9223372036854775807]},)"
      R"({"name":"c","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(values_of<std::int64_t>(request->inputs[1]), (std::vector<std::int64_t>{INT64_MIN, INT64_MAX}));
}

TEST(OipRequest, IntegersBeyond64BitsAreDoubles) {
  const auto request =
      parse(input(R"("shape":[1],"datatype":"FP64","data":[123456789012345678901234567890])"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(values_of<double>(request->inputs[0])[0], 123456789012345678901234567890.0);
}

TEST(OipRequest, EveryTypeTakesItsOwnRange) {
  EXPECT_EQ(message(input(R"("shape":[2],"datatype":"INT8","data":[-128,127])")), "");
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"INT8","data":[128])")).find("out of range"),
            std::string::npos);
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"UINT64","data":[-1])")).find("out of range"),
            std::string::npos);
  EXPECT_EQ(message(input(R"("shape":[1],"datatype":"UINT64","data":[18446744073709551615])")), "");
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"INT64","data":[1.5])")).find("no integer"),
            std::string::npos);
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"FP32","data":[1e39])")).find("out of range"),
            std::string::npos);
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"FP64","data":["1"])")).find("no number"),
            std::string::npos);
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"BOOL","data":[1])")).find("neither true"),
            std::string::npos);
  EXPECT_EQ(message(input(R"("shape":[1],"datatype":"BOOL","data":[true])")), "");
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"FP16","data":[1])")).find("binary"), std::string::npos);
  EXPECT_NE(message(input(R"("shape":[1],"datatype":"BYTES","data":[1])")).find("no string"),
            std::string::npos);
  EXPECT_EQ(message(input(R"("shape":[1],"datatype":"BYTES","data":["a\u0000b"])")), "");
}

TEST(OipRequest, ShapesThatLieAreRefusedWithoutTakingMemory) {
  for (const char* rest :
       {R"("shape":[3],"datatype":"FP64","data":[1,2])", R"("shape":[1],"datatype":"FP64","data":[1,2])",
        R"("shape":[1,67108864],"datatype":"FP64","data":[[1]])",
        R"("shape":[2,2],"datatype":"FP64","data":[[1,2],[3]])",
        R"("shape":[2,2],"datatype":"FP64","data":[[1,2],[3,4,5]])",
        R"("shape":[2,2],"datatype":"FP64","data":[[1,2],3])", R"("shape":[-1],"datatype":"FP64","data":[1])",
        R"("shape":[9223372036854775807,2],"datatype":"FP64","data":[1])",
        R"("shape":[1.5],"datatype":"FP64","data":[1])", R"("shape":"1","datatype":"FP64","data":[1])",
        R"("shape":[1,1,1,1,1,1,1,1,1,1],"datatype":"FP64","data":[1])",
        R"("shape":[],"datatype":"FP64","data":[[1]])", R"("datatype":"FP64","data":[1])",
        R"("shape":[1],"datatype":"FP64")", R"("shape":[1],"datatype":"FP64","data":1)",
        R"("shape":[1],"datatype":"FP128","data":[1])", R"("shape":[1],"datatype":1,"data":[1])",
        R"("shape":[1],"data":[1])", R"("shape":[1],"shape":[2],"datatype":"FP64","data":[1])"})
    EXPECT_NE(message(input(rest)), "") << rest;
}

TEST(OipRequest, MalformedDocumentsAreRefused) {
  const std::string one = R"("inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}])";
  ASSERT_EQ(message("{" + one + "}"), "");
  for (const std::string& body :
       std::vector<std::string>{"",
                                "{",
                                "[]",
                                "null",
                                "{\"inputs\":1}",
                                "{}",
                                "{\"inputs\":[]}",
                                "{\"inputs\":[1]}",
                                "{\"inputs\":[{}]}",
                                "{" + one + "," + one + "}",
                                "{" + one + ",\"outputs\":{}}",
                                "{" + one + ",\"outputs\":[{}]}",
                                "{" + one + ",\"outputs\":[1]}",
                                "{" + one + ",\"outputs\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
                                "{" + one + ",\"parameters\":1}",
                                "{" + one + ",\"id\":1}",
                                "{" + one + ",\"id\":\"\\u0000\"}",
                                "{" + one + ",\"id\":\"" + std::string(241, 'x') + "\"}",
                                "{\"inputs\":[\"\xff\"]}",
                                "{" + one + "} x"})
    EXPECT_NE(message(body), "") << body;
  EXPECT_NE(message(std::string(100'000, '[') + std::string(100'000, ']')).find("deeper"), std::string::npos);
  EXPECT_NE(message(R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]},
                       {"name":"x","shape":[1],"datatype":"FP64","data":[1]}]})")
                .find("twice"),
            std::string::npos);
  EXPECT_NE(
      message(
          R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}],"outputs":[{"name":"a","parameters":{"classification":3}}]})")
          .find("classification"),
      std::string::npos);
}

std::string with_blob(std::string json, std::string_view blob, std::size_t& json_bytes) {
  json_bytes = json.size();
  json += blob;
  return json;
}

TEST(OipRequest, BinaryAndJsonInputsMix) {
  std::size_t size = 0;
  const float values[]{1.5F, -2};
  const std::string body = with_blob(
      R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT32","data":[7]},
      {"name":"b","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},
      {"name":"c","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}},
      {"name":"d","shape":[0],"datatype":"FP64","parameters":{"binary_data_size":0}}],"parameters":{"binary_data_output":true}})",
      std::string(reinterpret_cast<const char*>(values), 8) + std::string("\x02\0\0\0hi", 6), size);
  const auto request = parse(body, size);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(request->binary_outputs);
  EXPECT_EQ(values_of<float>(request->inputs[1]), (std::vector<float>{1.5F, -2}));
  EXPECT_EQ(request->inputs[2].strings, std::vector<std::string>{"hi"});
  EXPECT_TRUE(request->inputs[3].data.empty());
}

TEST(OipRequest, BinarySizesThatLieAreRefused) {
  const auto tried = [](const std::string& parameters, std::string_view blob, const char* type = "FP32") {
    std::size_t size = 0;
    const std::string body =
        with_blob(R"({"inputs":[{"name":"a","shape":[2],"datatype":")" + std::string(type) +
                      R"(","parameters":{"binary_data_size":)" + parameters + "}}]}",
                  blob, size);
    return message(body, size);
  };
  EXPECT_EQ(tried("8", "12345678"), "");
  EXPECT_NE(tried("8", "1234567"), "");
  EXPECT_NE(tried("8", "123456789"), "");
  EXPECT_NE(tried("7", "1234567"), "");
  EXPECT_NE(tried("18446744073709551615", "12345678"), "");
  EXPECT_NE(tried("-1", "12345678"), "");
  EXPECT_NE(tried("\"8\"", "12345678"), "");
  EXPECT_NE(tried("2", "\x01\x02", "BOOL"), "");
  EXPECT_NE(tried("8", std::string_view("\x04\0\0\0abcd", 8), "BYTES"), "");
  EXPECT_NE(tried("6",
                  std::string_view("\xff\xff\xff\xff"
                                   "ab",
                                   6),
                  "BYTES"),
            "");
  EXPECT_NE(
      message(
          R"({"inputs":[{"name":"a","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}]})"),
      "");
}

TEST(OipRequest, HeaderLengthIsDigitsWithinTheBody) {
  EXPECT_EQ(*parse_header_length("", 10), std::nullopt);
  EXPECT_EQ(*parse_header_length("10", 10), 10U);
  for (const char* text : {"11", "-1", "1x", " 1", "99999999999999999999999", "0x1"})
    EXPECT_FALSE(parse_header_length(text, 10)) << text;
}

TEST(OipRequest, RawBodiesTakeTheModelsShape) {
  const serving::ModelInfo model{"p", {{"x", DataType::fp32, {-1, 2}}}, {}, {}, {}};
  const auto request = parse_raw_request(std::string(16, '\0'), model);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->inputs[0].shape, (serving::Shape{2, 2}));
  EXPECT_TRUE(request->binary_outputs);
  EXPECT_FALSE(parse_raw_request(std::string(15, '\0'), model));
  EXPECT_FALSE(parse_raw_request("", {"p", {{"x", DataType::fp32, {-1, -1}}}, {}, {}, {}}));
  EXPECT_FALSE(parse_raw_request("", {"p", {}, {}, {}, {}}));
  const auto text =
      parse_raw_request(std::string("\x02\0\0\0hi", 6), {"p", {{"x", DataType::bytes, {-1}}}, {}, {}, {}});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->inputs[0].strings, std::vector<std::string>{"hi"});
}

}  // namespace
}  // namespace tracseq::inference
