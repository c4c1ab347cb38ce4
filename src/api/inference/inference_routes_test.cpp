// SPDX-License-Identifier: MIT
#include "api/inference/inference_routes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "api/client.h"
#include "api/router.h"
#include "base/metrics.h"
#include "domain/serving/onnx_engine.h"

namespace tracseq::inference {
namespace {

class KeepingSink final : public serving::PredictionSink {
 public:
  void offer(serving::Prediction prediction) noexcept override { kept.push_back(std::move(prediction)); }
  std::vector<serving::Prediction> kept;
};

class InferenceRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    router_.add(protocol_routes(serving_));
    router_.add(predict_routes(serving_));
    publish("linear", "1.0.0");
    table_.set_complete();
  }
  void publish(const std::string& file, const std::string& version, const std::string& name = "m") {
    std::ifstream stream(std::string(TRACSEQ_GOLDEN_DIR) + "/onnx/" + file + ".onnx", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto model = serving::onnx_engine().load({"onnx", "", bytes_of(bytes)});
    ASSERT_TRUE(model) << model.error().message << model.error().detail;
    auto plan = std::make_shared<serving::RecordPlan>(*model, nullptr, std::vector<std::string>{});
    table_.publish(std::make_shared<serving::ServedModel>(
        serving::ServedModel{name, version, "", *model, std::move(plan)}));
  }
  api::Response send(api::Method method, const std::string& path, std::string body = {},
                     const std::string& json_bytes = {}) {
    auto request = api::make_request(method, path, std::move(body));
    EXPECT_TRUE(request);
    if (!json_bytes.empty()) request->headers["inference-header-content-length"] = json_bytes;
    CallContext ctx;
    ctx.actor.permissions = {"models:predict"};
    return router_.dispatch(ctx, *request);
  }
  api::Response post(const std::string& path, std::string body) {
    return send(api::Method::post, path, std::move(body));
  }

  metrics::Registry metrics_;
  serving::ModelTable table_;
  KeepingSink sink_;
  Serving serving_{table_, sink_, "0.0.0"};
  api::Router router_{metrics_};
};

constexpr const char* kRow =
    R"({"id":"r1","inputs":[{"name":"input","shape":[1,3],"datatype":"FP64","data":[1,1,0]}]})";

TEST_F(InferenceRoutesTest, AnswersMetadataAndReadiness) {
  EXPECT_NE(send(api::Method::get, "/v2").body.find("\"extensions\":[\"binary_tensor_data\"]"),
            std::string::npos);
  EXPECT_EQ(send(api::Method::get, "/v2/health/live").status, 200);
  EXPECT_EQ(send(api::Method::get, "/v2/health/ready").status, 200);
  EXPECT_NE(send(api::Method::get, "/v2/models/m").body.find(R"("versions":["1.0.0"])"), std::string::npos);
  EXPECT_EQ(send(api::Method::get, "/v2/models/m/ready").body, R"({"name":"m","ready":true})");
  EXPECT_EQ(send(api::Method::get, "/v2/models/m/versions/1.0.0/ready").status, 200);
  EXPECT_EQ(send(api::Method::get, "/v2/models/m/versions/9/ready").status, 404);
  EXPECT_EQ(send(api::Method::get, "/v2/models/nobody/ready").body,
            R"({"error":"there is no model 'nobody' in production"})");
}

TEST_F(InferenceRoutesTest, InfersAndRecords) {
  const api::Response response = post("/v2/models/m/infer", kRow);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"("model_name":"m","model_version":"1.0.0","id":"r1")"), std::string::npos)
      << response.body;
  EXPECT_NE(response.body.find(R"({"name":"label","datatype":"INT64","shape":[1],"data":[1]})"),
            std::string::npos);
  ASSERT_EQ(sink_.kept.size(), 1U);
  EXPECT_EQ(sink_.kept[0].request_id, "r1");
  EXPECT_TRUE(sink_.kept[0].success);
  EXPECT_EQ(sink_.kept[0].inputs.size(), 1U);
  EXPECT_EQ(sink_.kept[0].outputs.size(), 2U);
  EXPECT_EQ(post("/v2/models/m/versions/1.0.0/infer", kRow).status, 200);
  EXPECT_EQ(post("/v2/models/m/versions/2/infer", kRow).status, 404);
}

TEST_F(InferenceRoutesTest, RefusesWithTheProtocolsErrorAndRecordsNothing) {
  for (
      const char* body :
      {"{", "{}", R"({"inputs":[]})",
       R"({"inputs":[{"name":"input","shape":[1,2],"datatype":"FP64","data":[1,1]}]})",
       R"({"inputs":[{"name":"input","shape":[1,3],"datatype":"FP64","data":[1,1,0]}],"outputs":[{"name":"no"}]})"}) {
    const api::Response response = post("/v2/models/m/infer", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_TRUE(response.body.starts_with(R"({"error":")")) << response.body;
  }
  EXPECT_TRUE(sink_.kept.empty());
}

TEST_F(InferenceRoutesTest, BinaryBothWays) {
  std::string body =
      R"({"inputs":[{"name":"input","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}],)"
      R"("outputs":[{"name":"label","parameters":{"binary_data":true}}]})";
  const std::string length = std::to_string(body.size());
  const float row[]{1, 1, 0};
  body.append(reinterpret_cast<const char*>(row), sizeof row);
  const api::Response response = send(api::Method::post, "/v2/models/m/infer", body, length);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body.substr(response.body.size() - 8), std::string("\x01\0\0\0\0\0\0\0", 8));
  const api::Response raw =
      send(api::Method::post, "/v2/models/m/infer", std::string(reinterpret_cast<const char*>(row), 12), "0");
  EXPECT_EQ(raw.status, 200) << raw.body;
  EXPECT_EQ(send(api::Method::post, "/v2/models/m/infer", kRow, "100000").status, 400);
}

TEST_F(InferenceRoutesTest, PredictsByColumnName) {
  const api::Response response =
      post("/v1/models/m/predict",
           R"({"records":[{"c":0,"b":1,"a":1,"note":"x"},{"a":-1,"b":-1,"c":0}],"request_id":"p1"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"("request_id":"p1")"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"label":1,"probabilities":{"0":)"), std::string::npos) << response.body;
  EXPECT_EQ(sink_.kept.size(), 1U);
  const api::Response missing = post("/v1/models/m/predict", R"({"records":[{"a":1,"b":1}]})");
  EXPECT_EQ(missing.status, 400);
  EXPECT_NE(missing.body.find("lacks the column 'c'"), std::string::npos) << missing.body;
  EXPECT_EQ(post("/v1/models/m/predict", R"({"records":[]})").status, 400);
  EXPECT_EQ(post("/v1/models/none/predict", R"({"records":[{}]})").status, 404);
}

TEST_F(InferenceRoutesTest, WithoutColumnNamesPredictionByRecordIsUnsupported) {
  publish("linear_text", "1", "t");
  const api::Response response = post("/v1/models/t/predict", R"({"records":[{"a":1}]})");
  EXPECT_EQ(response.status, 501);
  EXPECT_NE(response.body.find("the order of the columns is not known"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace tracseq::inference
