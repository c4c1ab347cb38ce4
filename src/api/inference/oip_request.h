// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/serving/engine.h"

// The request half of the Open Inference Protocol v2 over REST, JSON with the extension binary_tensor_data.
// Pure functions; every byte that comes in is hostile until its length, shape and type agree.
namespace tracseq::inference {

inline constexpr std::size_t kInferInputsMax = 256;
inline constexpr std::size_t kInferOutputsMax = 256;
inline constexpr std::size_t kInferIdBytesMax = 240;  // the log takes 250, with the number of a sample
inline constexpr std::size_t kInferJsonDepthMax = 32;

struct RequestedOutput {
  std::string name;
  bool binary = false;
};

struct InferRequest {
  std::string id;                        // echoed; empty: none given
  std::vector<serving::Tensor> inputs;   // checked: shape, type and bytes agree; names unique
  std::vector<RequestedOutput> outputs;  // empty: all of them
  bool binary_outputs = false;           // for outputs that are not listed
};

// Reads a request. `json_bytes` is the value of Inference-Header-Content-Length; without it the body is all
// JSON. The body may be given more capacity (the parser reads in blocks), its content stays. `invalid` or
// `too_large` say what is wrong where.
Result<InferRequest> parse_infer_request(std::string& body, std::optional<std::size_t> json_bytes);

// A raw request (header value 0): the body is the model's only input. `invalid` unless the model has exactly
// one input with at most one varying dimension and the bytes fit it.
Result<InferRequest> parse_raw_request(std::string_view body, const serving::ModelInfo& model);

// Whether a request id can be echoed and recorded: at most kInferIdBytesMax bytes, no control characters.
Result<void> check_request_id(std::string_view field, std::string_view id);

// Digits only, at most `body_bytes`; `invalid` otherwise. Empty text: no header.
Result<std::optional<std::size_t>> parse_header_length(std::string_view text, std::size_t body_bytes);

}  // namespace tracseq::inference
