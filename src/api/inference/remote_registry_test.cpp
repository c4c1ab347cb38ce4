// SPDX-License-Identifier: MIT
#include "api/inference/remote_registry.h"

#include <gtest/gtest.h>

#include "api/inference/remote_recorder.h"

namespace tracseq::inference {
namespace {

// Answers what it is told to and keeps what it was asked.
class SaidClient final : public api::Client {
 public:
  Result<api::Response> send(api::Request request, std::chrono::milliseconds) override {
    asked.push_back(std::move(request));
    if (answers.empty()) return fail(Code::unavailable, "nobody is there");
    api::Response answer = std::move(answers.front());
    answers.erase(answers.begin());
    return answer;
  }
  std::vector<api::Request> asked;
  std::vector<api::Response> answers;
};

constexpr const char* kList =
    R"({"change":7,"items":[{"model_id":"m","version":"1.0.0","version_number":1,"format":"onnx",
  "artefact":{"artifact_id":"a1","digest":"d","size_bytes":3},"feature_columns":["x"],"signature":{},"not_servable_reason":""}]})";

TEST(RemoteRegistry, ReadsTheListAndAsksAgainWithItsTag) {
  SaidClient client;
  api::Response list = api::Response::json(kList);
  list.headers.emplace_back("ETag", "\"7\"");
  client.answers.push_back(std::move(list));
  client.answers.push_back(api::Response::json("", 304));
  RemoteRegistry registry(client);
  const auto first = registry.production();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->front().model_id, "m");
  EXPECT_EQ((*first)->front().artefact->artifact_id, "a1");
  EXPECT_FALSE(*registry.production());
  EXPECT_EQ(client.asked[1].header("if-none-match"), "\"7\"");
  EXPECT_EQ(registry.production().error().code, Code::unavailable);
}

TEST(RemoteRegistry, KeepsTheRegistrysOwnErrorAndMistrustsOtherPages) {
  SaidClient client;
  client.answers.push_back(
      api::Response::json(R"({"error":{"code":"unauthenticated","message":"a token is needed"}})", 401));
  client.answers.push_back(api::Response::json("<html>bad gateway</html>", 502));
  RemoteRegistry registry(client);
  EXPECT_EQ(registry.production().error().code, Code::unauthenticated);
  EXPECT_EQ(registry.production().error().code, Code::unavailable);
}

TEST(RemoteRegistry, FetchesAFilesContent) {
  SaidClient client;
  client.answers.push_back(api::Response::json("abc"));
  RemoteRegistry registry(client);
  std::string bytes;
  ASSERT_TRUE(registry.fetch({"a1", "d", 3}, [&](ByteView part) -> Result<void> {
    bytes += text_of(part);
    return {};
  }));
  EXPECT_EQ(bytes, "abc");
  EXPECT_EQ(client.asked[0].path, "/api/v1/artifacts/a1/content");
}

class SaidModel final : public serving::LoadedModel {
 public:
  [[nodiscard]] const serving::ModelInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Result<std::vector<serving::Tensor>> infer(std::span<const serving::Tensor>,
                                                           std::span<const std::size_t>) const override {
    return fail(Code::internal, "not run here");
  }

 private:
  serving::ModelInfo info_{
      "said", {{"input", serving::DataType::fp64, {-1, 2}}}, {}, {"no", "yes"}, {"a", "b"}};
};

serving::Tensor table(std::string name, std::int64_t rows, const std::vector<double>& values) {
  serving::Tensor tensor{std::move(name),
                         serving::DataType::fp64,
                         {rows, static_cast<std::int64_t>(values.size()) / rows},
                         {},
                         {}};
  tensor.data.resize(values.size() * sizeof(double));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

serving::Prediction prediction(std::int64_t rows) {
  auto model = std::make_shared<SaidModel>();
  auto plan = std::make_shared<serving::RecordPlan>(model, nullptr, std::vector<std::string>{});
  serving::Prediction made;
  made.request_id = "r";
  made.served = std::make_shared<serving::ServedModel>(serving::ServedModel{"m", "1.0.0", "", model, plan});
  std::vector<double> values(static_cast<std::size_t>(rows) * 2, 0.5);
  values[0] = std::numeric_limits<double>::quiet_NaN();
  made.inputs.push_back(table("input", rows, values));
  made.outputs.push_back({"label",
                          serving::DataType::bytes,
                          {rows},
                          {},
                          std::vector<std::string>(static_cast<std::size_t>(rows), "yes")});
  made.outputs.push_back(
      table("probabilities", rows, std::vector<double>(static_cast<std::size_t>(rows) * 2, 0.25)));
  made.latency_us = 7;
  return made;
}

std::vector<std::string> entries_of(const serving::Prediction& prediction) {
  std::vector<std::string> entries;
  for_each_entry(prediction, [&](std::string_view entry) { entries.emplace_back(entry); });
  return entries;
}

TEST(RemoteRecorder, WritesOneEntryPerSampleByColumnName) {
  EXPECT_EQ(
      entries_of(prediction(1)),
      std::vector<std::string>{
          R"({"request_id":"r","model_id":"m","model_version":"1.0.0","time":"1970-01-01T00:00:00.000000Z",)"
          R"("latency_ms":0.007,"success":true,"confidence_score":0.25,"inputs":{"a":{"$number":"NaN"},"b":0.5},)"
          R"("outputs":{"label":"yes","probabilities":{"no":0.25,"yes":0.25}}})"});
  const auto two = entries_of(prediction(2));
  ASSERT_EQ(two.size(), 2U);
  EXPECT_NE(two[1].find(R"("request_id":"r:1")"), std::string::npos);
  EXPECT_TRUE(parse_json(two[1]));
}

TEST(RemoteRecorder, KeepsWithinTheLogsBounds) {
  serving::Prediction made = prediction(1);
  auto record = parse_json(R"({"a":1,"nested":{"deep":[1]}})");
  ASSERT_TRUE(record);
  made.records = {*record};
  EXPECT_NE(entries_of(made).front().find(R"("inputs":{"a":1},)"), std::string::npos);
  record->set("long", std::string(2'000'000, 'x'));
  made.records = {*record};
  EXPECT_NE(entries_of(made).front().find("too large to be recorded"), std::string::npos);
  made.success = false;
  made.error = std::string(3'999, 'x') + "\u00e4";
  const auto document = parse_json(entries_of(made).front());
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("error")->as_string()->size(), 3'999U);
}

TEST(RemoteRecorder, ManyEntriesBecomeSeveralPayloadsAndComeApartAgain) {
  SaidClient client;
  RemoteRecorder recorder(client);
  const std::vector<serving::Prediction> batch(5, prediction(1'000));
  std::uint64_t items = 0;
  std::vector<std::string> payloads;
  recorder.encode(batch, [&](std::string payload, std::uint64_t count) {
    payloads.push_back(std::move(payload));
    items += count;
  });
  EXPECT_EQ(items, 5'000U);
  EXPECT_EQ(payloads.size(), 3U);
  EXPECT_EQ(recorder.split(payloads[2]).size(), 1'000U);
  EXPECT_TRUE(parse_json(recorder.split(payloads[2]).front()));
}

TEST(RemoteRecorder, EverySampleOfALargeRequestIsRecordedInBoundedPayloads) {
  SaidClient client;
  RemoteRecorder recorder(client);
  const serving::Prediction large = prediction(5'000);
  EXPECT_EQ(serving::samples_of(large), 5'000U);
  std::uint64_t items = 0;
  std::vector<std::string> payloads;
  recorder.encode({&large, 1}, [&](std::string payload, std::uint64_t count) {
    EXPECT_LE(payload.size(), 5UL << 20);
    EXPECT_LE(count, 2'000U);
    payloads.push_back(std::move(payload));
    items += count;
  });
  EXPECT_EQ(items, 5'000U);
  EXPECT_NE(payloads.back().find(R"("request_id":"r:4999")"), std::string::npos);
  EXPECT_EQ(recorder.count_by_model(payloads.front()), (std::map<std::string, std::uint64_t>{{"m", 2'000}}));
}

TEST(RemoteRecorder, DeliversUnderTheKeyAndReportsTheLogsError) {
  SaidClient client;
  client.answers.push_back(api::Response::json("{}", 201));
  client.answers.push_back(api::Response::json(R"({"error":{"code":"invalid","message":"no"}})", 400));
  RemoteRecorder recorder(client);
  EXPECT_TRUE(recorder.deliver("k1", "{}"));
  EXPECT_EQ(client.asked[0].header("idempotency-key"), "k1");
  EXPECT_EQ(recorder.deliver("k2", "{}").error().code, Code::invalid);
  EXPECT_EQ(recorder.deliver("k3", "{}").error().code, Code::unavailable);
}

}  // namespace
}  // namespace tracseq::inference
