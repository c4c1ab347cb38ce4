// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "domain/serving/onnx/load_fault.h"
#include "domain/serving/onnx_engine.h"
#include "domain/serving/testing.h"

namespace tracseq::serving {
namespace {

using testing::fp32;
using testing::fp64;
using testing::golden;
using testing::values_of;

Result<std::shared_ptr<const LoadedModel>> load(const std::string& name) {
  const std::string bytes = golden(name);
  return onnx_engine().load({"onnx", "", bytes_of(bytes)});
}

std::shared_ptr<const LoadedModel> loaded(const std::string& name) {
  auto model = load(name);
  EXPECT_TRUE(model) << model.error().message << " | " << model.error().detail;
  return model ? *model : nullptr;
}

TEST(OnnxEngine, DescribesTheModel) {
  const auto model = loaded("linear");
  ASSERT_TRUE(model);
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.platform, "onnx_onnxv1");
  ASSERT_EQ(info.inputs.size(), 1U);
  EXPECT_EQ(info.inputs[0].name, "input");
  EXPECT_EQ(info.inputs[0].type, DataType::fp32);
  EXPECT_EQ(info.inputs[0].shape, (Shape{-1, 3}));
  ASSERT_EQ(info.outputs.size(), 2U);
  EXPECT_EQ(info.outputs[0].type, DataType::int64);
  EXPECT_EQ(info.classes, (std::vector<std::string>{"0", "1"}));
}

TEST(OnnxEngine, AnswersRowsInEitherFloat) {
  const auto model = loaded("linear");
  ASSERT_TRUE(model);
  for (const Tensor& input :
       {fp64("input", {2, 3}, {1, 1, 0, -1, -1, 0}), fp32("input", {2, 3}, {1, 1, 0, -1, -1, 0})}) {
    const auto outputs = model->infer(std::span(&input, 1));
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(values_of<std::int64_t>((*outputs)[0]), (std::vector<std::int64_t>{1, 0}));
    EXPECT_EQ((*outputs)[1].shape, (Shape{2, 2}));
    const auto probabilities = values_of<float>((*outputs)[1]);
    EXPECT_NEAR(probabilities[0] + probabilities[1], 1, 1e-6);
  }
}

TEST(OnnxEngine, AnswersOnlyTheWantedOutputs) {
  const auto model = loaded("linear");
  ASSERT_TRUE(model);
  const Tensor input = fp64("input", {1, 3}, {1, 1, 0});
  const std::vector<std::size_t> wanted{1};
  const auto outputs = model->infer(std::span(&input, 1), wanted);
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 1U);
  EXPECT_EQ(outputs->front().name, "probabilities");
}

TEST(OnnxEngine, ADoubleAtTheThresholdIsNotRounded) {
  const auto model = loaded("threshold64");
  ASSERT_TRUE(model);
  const double above = std::nextafter(0.1, 1.0);
  const Tensor input = fp64("input", {3, 1}, {0.1, above, std::nextafter(0.1, 0.0)});
  const auto outputs = model->infer(std::span(&input, 1));
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(values_of<std::int64_t>((*outputs)[0]), (std::vector<std::int64_t>{0, 1, 0}));
}

TEST(OnnxEngine, EveryTypeComesBackAsItWent) {
  const auto model = loaded("identity_all");
  ASSERT_TRUE(model);
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : model->info().inputs) {
    Tensor tensor{info.name, info.type, {1, 2}, {}, {}};
    if (info.type == DataType::bytes) {
      tensor.strings = {"text", std::string("\xff\xfe not UTF-8")};
    } else {
      tensor.data.assign(2 * element_bytes(info.type), std::byte{1});
    }
    inputs.push_back(std::move(tensor));
  }
  const auto outputs = model->infer(inputs);
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ((*outputs)[i].data, inputs[i].data) << inputs[i].name;
    EXPECT_EQ((*outputs)[i].strings, inputs[i].strings) << inputs[i].name;
  }
}

TEST(OnnxEngine, AStringWithNulIsRefused) {
  const auto model = loaded("identity_all");
  ASSERT_TRUE(model);
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : model->info().inputs)
    inputs.push_back({info.name, info.type, {1, 1}, std::vector<std::byte>(element_bytes(info.type)), {}});
  inputs.back().strings = {std::string("a\0b", 3)};
  EXPECT_EQ(model->infer(inputs).error().code, Code::invalid);
}

TEST(OnnxEngine, ZeroRowsGiveZeroAnswers) {
  for (const char* name : {"linear", "forest", "threshold64"}) {
    const auto model = loaded(name);
    ASSERT_TRUE(model);
    const Tensor input = fp64("input", {0, model->info().inputs[0].shape[1]}, {});
    const auto outputs = model->infer(std::span(&input, 1));
    ASSERT_TRUE(outputs) << name << ": " << outputs.error().message;
    EXPECT_EQ(outputs->front().shape, Shape{0}) << name;
  }
}

TEST(OnnxEngine, TextLabelsComeAsStrings) {
  const auto model = loaded("linear_text");
  ASSERT_TRUE(model);
  const Tensor input = fp64("input", {2, 3}, {1, 1, 0, -1, -1, 0});
  const auto outputs = model->infer(std::span(&input, 1));
  ASSERT_TRUE(outputs);
  EXPECT_EQ(outputs->front().strings, (std::vector<std::string>{"approve", "reject"}));
}

TEST(OnnxEngine, ManyThreadsShareOneModel) {
  const auto model = loaded("forest");
  ASSERT_TRUE(model);
  const Tensor input = fp32("input", {1, 30}, std::vector<float>(30, 0.25F));
  const auto expected = model->infer(std::span(&input, 1));
  ASSERT_TRUE(expected);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto outputs = model->infer(std::span(&input, 1));
        if (!outputs || (*outputs)[1].data != (*expected)[1].data) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(OnnxEngine, AModelThatWantsMoreMemoryThanThereIsFailsByItself) {
  const auto greedy = loaded("greedy");  // computes with one value repeated 700 million times
  const auto other = loaded("linear");
  ASSERT_TRUE(greedy && other);
  const Tensor one = fp64("input", {1, 1}, {1});
  const auto refused = greedy->infer(std::span(&one, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unprocessable) << refused.error().message;
  EXPECT_NE(refused.error().message.find("memory"), std::string::npos) << refused.error().message;
  const Tensor row = fp64("input", {1, 3}, {1, 1, 0});
  EXPECT_TRUE(other->infer(std::span(&row, 1)));
}

TEST(OnnxEngine, OnlyTheFilesOwnFaultIsForEver) {
  for (const int code : {ort::kFail, ort::kInvalidArgument, ort::kInvalidProtobuf, ort::kInvalidGraph})
    EXPECT_EQ(load_fault(code, "This is an invalid model. Error: the graph is not acyclic."),
              Code::unprocessable);
  constexpr int kRuntimeException = 6;
  EXPECT_EQ(load_fault(kRuntimeException, "an execution provider ended"), Code::unavailable);
  for (const char* words : {"Failed to allocate memory for requested buffer of size 8589934592",
                            "Exception during initialization: std::bad_alloc",
                            "Available memory of 12 is smaller than requested bytes of 400",
                            "pthread_create failed, error code: 11"})
    EXPECT_EQ(load_fault(ort::kFail, words), Code::unavailable) << words;
}

TEST(OnnxEngine, RefusesBadModelsWithTheReason) {
  const auto message = [](const std::string& name) {
    const auto model = load(name);
    EXPECT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, Code::unprocessable) << name;
    return model ? std::string() : model.error().message;
  };
  EXPECT_NE(message("external_data").find("outside the file"), std::string::npos);
  EXPECT_NE(message("zipmap").find("zipmap=False"), std::string::npos);
  EXPECT_NE(message("foreign_domain").find("evil.example"), std::string::npos);
  // The last two, a model without a version and a node without an operator, are refused by the library alone.
  for (const std::string& bytes :
       {std::string("not a model"), std::string("\x3a\x00", 2), std::string("\x08\x08\x3a\x02\x0a\x00", 6)})
    EXPECT_EQ(onnx_engine().load({"onnx", "", bytes_of(bytes)}).error().code, Code::unprocessable);
  EXPECT_EQ(onnx_engine().load({"pickle", "", bytes_of("x")}).error().code, Code::unprocessable);
}

}  // namespace
}  // namespace tracseq::serving
