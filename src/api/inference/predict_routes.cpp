// SPDX-License-Identifier: MIT
// Predictions for records by column name.
#include <fmt/core.h>

#include "api/inference/inference_routes.h"
#include "api/inference/oip_request.h"

namespace tracseq::inference {

TRACSEQ_DEFINE_TYPE(PredictRequest, {.name = "name", .text = "The model", .required = true},
                    {.name = "records",
                     .text = "Objects by column name; columns the model does not need are passed over",
                     .required = true,
                     .length_max = serving::kPredictRecordsMax,
                     .length_min = 1},
                    {.name = "request_id",
                     .text = "Names the prediction in the log, so that its label can follow; made if absent",
                     .length_max = kInferIdBytesMax},
                    {.name = "version", .text = "Left out: the version in production"})
TRACSEQ_DEFINE_TYPE(PredictedRecord,
                    {.name = "label", .text = "The predicted class, or the number of a regression"},
                    {.name = "probabilities", .text = "By class; empty where the model has none"})
TRACSEQ_DEFINE_TYPE(PredictAnswer, {.name = "model", .text = "The model"},
                    {.name = "version", .text = "The version that answered"},
                    {.name = "request_id", .text = "Of this prediction in the log"},
                    {.name = "predictions", .text = "One for each record, in their order"})

namespace {

struct Predicted {
  std::vector<serving::Tensor> inputs;
  std::vector<serving::Tensor> outputs;
  std::vector<serving::RecordPrediction> records;
};

Result<Predicted> predict(const serving::ServedModel& served, const std::vector<Json>& records) {
  Predicted predicted;
  TRACSEQ_TRY(serving::Tensor rows, served.records->rows(records));
  predicted.inputs.push_back(std::move(rows));
  TRACSEQ_TRY(predicted.outputs, served.model->infer(predicted.inputs));
  TRACSEQ_TRY(predicted.records, served.records->predictions(predicted.outputs, records.size()));
  return predicted;
}

Result<PredictAnswer> answer(const Serving& serving, const CallContext& ctx, const PredictRequest& in) {
  const auto start = Steady::now();
  if (in.request_id) TRACSEQ_CHECK(check_request_id("request_id", *in.request_id));
  TRACSEQ_TRY(const auto served, serving.table.find(in.name, in.version.value_or("")));
  auto predicted = predict(*served, in.records);
  const bool models_fault = !predicted && (predicted.error().code == Code::unprocessable ||
                                           predicted.error().code == Code::internal);
  if (!predicted && !models_fault) return tl::unexpected(std::move(predicted).error());
  serving::Prediction record;
  record.request_id = in.request_id && !in.request_id->empty() ? *in.request_id : ctx.request_id;
  record.served = served;
  record.time = now();
  record.success = predicted.has_value();
  record.records = in.records;
  PredictAnswer out{served->name, served->version, record.request_id, {}};
  if (predicted) {
    for (auto& one : predicted->records)
      out.predictions.push_back({std::move(one.label), std::move(one.probabilities)});
    record.inputs = std::move(predicted->inputs);
    record.outputs = std::move(predicted->outputs);
  } else {
    record.error = predicted.error().message;
  }
  record.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start).count();
  serving.sink.offer(std::move(record));
  if (!predicted) return tl::unexpected(std::move(predicted).error());
  return out;
}

}  // namespace

std::vector<api::Route> predict_routes(const Serving& serving) {
  api::Route route = api::route(
      api::Method::post, "/v1/models/{name}/predict", "models:predict", api::Effect::appends,
      "Predict for records by column name",
      [serving](const CallContext& ctx, const PredictRequest& in) { return answer(serving, ctx, in); },
      {.runs = api::RunsOn::immediate, .body_bytes_max = kInferBodyBytesMax});
  route.inline_body_bytes_max = kInferInlineBytesMax;
  route.quiet = true;
  return {std::move(route)};
}

}  // namespace tracseq::inference
