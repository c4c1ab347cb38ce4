// SPDX-License-Identifier: MIT
#include "api/inference/oip_response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace tracseq::inference {
namespace {

using serving::DataType;
using serving::Tensor;

template <class T>
Tensor tensor(std::string name, DataType type, const std::vector<T>& values) {
  Tensor out{std::move(name), type, {static_cast<std::int64_t>(values.size())}, {}, {}};
  out.data.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(out.data.data(), values.data(), out.data.size());
  return out;
}

TEST(OipResponse, WritesNumbersExactlyAndNonFiniteOnesBare) {
  const std::vector<Tensor> outputs{
      tensor<double>("d", DataType::fp64,
                     {0.1, 1, std::numeric_limits<double>::quiet_NaN(), INFINITY, -INFINITY, 5e-324}),
      tensor<float>("f", DataType::fp32, {0.1F}), tensor<std::int64_t>("i", DataType::int64, {INT64_MIN}),
      tensor<std::uint8_t>("u", DataType::uint8, {255}),
      tensor<std::uint8_t>("b", DataType::boolean, {0, 1})};
  const auto response = write_infer_response({"m", "1", "id \"1\"", outputs, std::vector<bool>(5, false)});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body,
            R"({"model_name":"m","model_version":"1","id":"id \"1\"","outputs":[)"
            R"({"name":"d","datatype":"FP64","shape":[6],"data":[0.1,1.0,NaN,Infinity,-Infinity,5e-324]},)"
            R"({"name":"f","datatype":"FP32","shape":[1],"data":[0.1]},)"
            R"({"name":"i","datatype":"INT64","shape":[1],"data":[-9223372036854775808]},)"
            R"({"name":"u","datatype":"UINT8","shape":[1],"data":[255]},)"
            R"({"name":"b","datatype":"BOOL","shape":[2],"data":[false,true]}]})");
}

TEST(OipResponse, BinaryOutputsFollowTheJson) {
  const std::vector<Tensor> outputs{tensor<float>("a", DataType::fp32, {1}),
                                    tensor<float>("b", DataType::fp32, {2}),
                                    {"c", DataType::bytes, {1}, {}, {"\xff"}}};
  const auto response = write_infer_response({"m", "1", "", outputs, {true, false, true}});
  ASSERT_TRUE(response) << response.error().message;
  ASSERT_EQ(response->headers.size(), 1U);
  EXPECT_EQ(response->headers[0].first, kLengthHeader);
  const std::size_t json = std::stoul(response->headers[0].second);
  EXPECT_EQ(response->body.size(), json + 4 + 5);
  EXPECT_EQ(response->body.substr(json + 4), std::string("\x01\0\0\0\xff", 5));
  EXPECT_NE(response->body.find(R"("parameters":{"binary_data_size":5})"), std::string::npos);
}

TEST(OipResponse, WhatJsonCannotCarryIsRefused) {
  EXPECT_FALSE(write_infer_response({"m", "1", "", {{"c", DataType::bytes, {1}, {}, {"\xff"}}}, {false}}));
  EXPECT_FALSE(
      write_infer_response({"m", "1", "", {tensor<std::uint16_t>("h", DataType::fp16, {1})}, {false}}));
}

TEST(OipResponse, MetadataNamesTensorsAndVersions) {
  const serving::ModelInfo info{
      "onnx_onnxv1", {{"input", DataType::fp32, {-1, 3}}}, {{"label", DataType::int64, {-1}}}, {}, {}};
  EXPECT_EQ(
      model_metadata("m", {"1.0.0"}, info),
      R"({"name":"m","versions":["1.0.0"],"platform":"onnx_onnxv1","inputs":[{"name":"input","datatype":"FP32",)"
      R"("shape":[-1,3]}],"outputs":[{"name":"label","datatype":"INT64","shape":[-1]}]})");
}

TEST(OipResponse, ErrorsAreOneStringAndValidText) {
  const auto response = protocol_error({Code::unprocessable, "no \xff", {}, {}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"error":"no ?"})");
  EXPECT_EQ(protocol_error({Code::not_found, "", {}, {}}).status, 404);
  EXPECT_EQ(protocol_error({Code::unsupported, "", {}, {}}).status, 501);
}

}  // namespace
}  // namespace tracseq::inference
