// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/inference/oip_request.h"
#include "domain/serving/engine.h"

// The response half of the Open Inference Protocol v2 over REST.
namespace tracseq::inference {

inline constexpr const char* kLengthHeader = "Inference-Header-Content-Length";

// The answer to an inference. `outputs` are the model's answers in the order to be sent; `binary[i]` says how
// the i-th goes. Numbers in JSON are in their shortest exact form, non-finite ones as bare NaN, Infinity and
// -Infinity. `invalid` for BYTES that are not UTF-8 and for FP16 in JSON: they can only be sent in binary.
struct InferAnswer {
  std::string_view model;
  std::string_view version;
  std::string_view id;
  const std::vector<serving::Tensor>& outputs;
  const std::vector<bool>& binary;
};
Result<api::Response> write_infer_response(const InferAnswer& answer);

// {"name", "versions", "platform", "inputs", "outputs"}
std::string model_metadata(std::string_view model, const std::vector<std::string>& versions,
                           const serving::ModelInfo& info);

// {"error": "…"} with the status of the code: 400 unless it is one of 404, 413, 429, 500, 501, 503, 504, 401,
// 403.
api::Response protocol_error(const Error& error);

// A tensor's elements as a flat JSON array; for records and logs, where FP16 is not met.
Result<void> append_tensor_data(std::string& out, const serving::Tensor& tensor);

}  // namespace tracseq::inference
