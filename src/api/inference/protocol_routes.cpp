// SPDX-License-Identifier: MIT
// Open Inference Protocol v2 over REST.
#include <fmt/core.h>

#include <algorithm>

#include "api/inference/inference_routes.h"
#include "api/inference/oip_request.h"
#include "api/inference/oip_response.h"
#include "base/json.h"

namespace tracseq::inference {

TRACSEQ_DEFINE_TYPE(ModelPath, {.name = "model", .text = "The model"},
                    {.name = "version", .text = "Its version; left out: the one in production"})
TRACSEQ_DEFINE_TYPE(NoInput)

namespace {

using api::BodyKind;
using api::Effect;
using api::Method;
using api::Request;
using api::Response;
using api::Route;
using api::RunsOn;
using serving::ServedModel;

// What was wanted and how each of it is sent.
struct Wanted {
  std::vector<std::size_t> outputs;  // empty: all
  std::vector<bool> binary;
};

std::string_view path_value(const Request& request, std::string_view name) {
  const auto found = request.path_params.find(name);
  return found == request.path_params.end() ? std::string_view{} : std::string_view(found->second);
}

Result<std::shared_ptr<const ServedModel>> find(const Serving& serving, const Request& request) {
  return serving.table.find(path_value(request, "model"), path_value(request, "version"));
}

Result<Wanted> choose_outputs(const InferRequest& request, const serving::ModelInfo& info) {
  Wanted wanted;
  if (request.outputs.empty()) {
    wanted.binary.assign(info.outputs.size(), request.binary_outputs);
    return wanted;
  }
  for (const RequestedOutput& output : request.outputs) {
    const auto found = std::find_if(info.outputs.begin(), info.outputs.end(),
                                    [&](const serving::TensorInfo& one) { return one.name == output.name; });
    if (found == info.outputs.end())
      return fail_field("outputs", fmt::format("the model has no output '{}'", output.name));
    wanted.outputs.push_back(static_cast<std::size_t>(found - info.outputs.begin()));
    wanted.binary.push_back(output.binary);
  }
  return wanted;
}

Result<InferRequest> read_request(Request& request, const ServedModel& served) {
  TRACSEQ_TRY(const auto json_bytes,
              parse_header_length(request.header("inference-header-content-length"), request.body.size()));
  if (json_bytes && *json_bytes == 0) return parse_raw_request(request.body, served.model->info());
  return parse_infer_request(request.body, json_bytes);
}

// What is not the caller's fault counts as the model's.
bool is_models_fault(Code code) {
  return code == Code::unprocessable || code == Code::internal || code == Code::unavailable;
}

Result<Response> infer(const Serving& serving, const CallContext& ctx, Request& request) {
  const auto start = Steady::now();
  TRACSEQ_TRY(const auto served, find(serving, request));
  TRACSEQ_TRY(InferRequest asked, read_request(request, *served));
  TRACSEQ_TRY(const Wanted wanted, choose_outputs(asked, served->model->info()));
  auto outputs = served->model->infer(asked.inputs, wanted.outputs);
  serving::Prediction record;
  record.request_id = asked.id.empty() ? ctx.request_id : asked.id;
  record.served = served;
  record.time = now();
  auto response =
      outputs ? write_infer_response({served->name, served->version, asked.id, *outputs, wanted.binary})
              : Result<Response>(tl::unexpect, outputs.error());
  record.success = response.has_value();
  if (!response && !is_models_fault(response.error().code)) return response;
  if (!response) record.error = response.error().message;
  record.inputs = std::move(asked.inputs);
  if (outputs) record.outputs = std::move(*outputs);
  record.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start).count();
  serving.sink.offer(std::move(record));
  return response;
}

Response server_metadata(const Serving& serving) {
  std::string out = R"({"name":"tracseq","version":)";
  append_json_string(out, serving.version);
  out += R"(,"extensions":["binary_tensor_data"]})";
  return Response::json(std::move(out));
}

Result<Response> metadata(const Serving& serving, const Request& request) {
  TRACSEQ_TRY(const auto served, find(serving, request));
  return Response::json(
      model_metadata(served->name, serving.table.versions(served->name), served->model->info()));
}

Result<Response> model_ready(const Serving& serving, const Request& request) {
  TRACSEQ_TRY(const auto served, find(serving, request));
  std::string out = "{\"name\":";
  append_json_string(out, served->name);
  out += ",\"ready\":true}";
  return Response::json(std::move(out));
}

// A route that answers errors as the protocol wants them.
template <class F>
Route protocol_route(Method method, std::string path, const TypeInfo& input, std::string summary,
                     F function) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.permission = "public";
  route.effect = method == Method::get ? Effect::reads : Effect::appends;
  route.summary = std::move(summary);
  route.input = &input;
  route.runs = RunsOn::immediate;
  route.handler = [function](const CallContext& ctx, Request& request) -> Result<Response> {
    Result<Response> response = function(ctx, request);
    if (!response) return protocol_error(response.error());
    return response;
  };
  return route;
}

}  // namespace

std::vector<Route> protocol_routes(const Serving& serving) {
  const TypeInfo& none = type_info<NoInput>();
  const TypeInfo& path = type_info<ModelPath>();
  std::vector<Route> routes;
  const auto get = [&](std::string where, const TypeInfo& input, std::string summary, auto function) {
    routes.push_back(protocol_route(Method::get, std::move(where), input, std::move(summary), function));
  };
  get("/v2", none, "Name, version and extensions of this server",
      [serving](const CallContext&, Request&) -> Result<Response> { return server_metadata(serving); });
  get("/v2/health/live", none, "Whether the server runs",
      [](const CallContext&, Request&) -> Result<Response> { return Response::json(R"({"live":true})"); });
  get("/v2/health/ready", none, "Whether every model in production is ready",
      [serving](const CallContext&, Request&) -> Result<Response> {
        const bool ready = serving.table.ready();
        return Response::json(ready
                                  ? R"({"ready":true})"
                                  : R"({"ready":false,"error":"not every model is ready; /health says why"})",
                              ready ? 200 : 503);
      });
  for (const char* version : {"", "/versions/{version}"}) {
    const std::string model = "/v2/models/{model}" + std::string(version);
    get(model, path, "Inputs and outputs of a model",
        [serving](const CallContext&, Request& request) { return metadata(serving, request); });
    get(model + "/ready", path, "Whether a model is ready",
        [serving](const CallContext&, Request& request) { return model_ready(serving, request); });
    Route route = protocol_route(
        Method::post, model + "/infer", path, "Run a model on tensors",
        [serving](const CallContext& ctx, Request& request) { return infer(serving, ctx, request); });
    route.permission = "models:predict";
    route.body = BodyKind::bytes;
    route.body_bytes_max = kInferBodyBytesMax;
    route.inline_body_bytes_max = kInferInlineBytesMax;
    route.quiet = true;
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace tracseq::inference
