// SPDX-License-Identifier: MIT
// A tensor that is let in has exactly the bytes that its shape and type ask for. The first byte says how much
// of the body is JSON; the rest would be binary tensor data.
// Built with: api/inference/oip_request.cpp api/inference/oip_tensor.cpp domain/serving/tensor.cpp
#include <cstdint>
#include <optional>
#include <string>

#include "api/inference/oip_request.h"
#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::optional<std::size_t> json_bytes;
  if (data[0] != 0) json_bytes = body.size() * data[0] / 255;
  static_cast<void>(tracseq::inference::parse_header_length(body, size));
  const auto request = tracseq::inference::parse_infer_request(body, json_bytes);
  if (!request) return 0;
  TRACSEQ_ENSURE(!request->inputs.empty() && request->inputs.size() <= tracseq::inference::kInferInputsMax);
  TRACSEQ_ENSURE(request->outputs.size() <= tracseq::inference::kInferOutputsMax);
  TRACSEQ_ENSURE(request->id.size() <= tracseq::inference::kInferIdBytesMax);
  for (const auto& input : request->inputs) TRACSEQ_ENSURE(tracseq::serving::check_tensor(input).has_value());
  return 0;
}
