// SPDX-License-Identifier: MIT
// A raw body that is let in fills exactly the model's one input. The first bytes make the input: its type,
// its number of dimensions, and each of them.
// Built with: api/inference/oip_request.cpp api/inference/oip_tensor.cpp domain/serving/tensor.cpp
#include <cstdint>
#include <string_view>

#include "api/inference/oip_request.h"
#include "base/result.h"

using namespace tracseq;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t rank = data[1] % (serving::kTensorRankMax + 1);
  if (size < 2 + rank) return 0;
  serving::ModelInfo model;
  serving::TensorInfo input{"input", static_cast<serving::DataType>(data[0] % 13), {}};
  for (std::size_t i = 0; i < rank; ++i) {
    const auto dimension = static_cast<std::int8_t>(data[2 + i]);
    input.shape.push_back(dimension < 0 ? -1 : dimension);
  }
  model.inputs.push_back(input);
  const std::string_view body(reinterpret_cast<const char*>(data) + 2 + rank, size - 2 - rank);
  const auto request = inference::parse_raw_request(body, model);
  if (!request) return 0;
  TRACSEQ_ENSURE(request->inputs.size() == 1);
  const serving::Tensor& tensor = request->inputs.front();
  TRACSEQ_ENSURE(serving::check_tensor(tensor).has_value() && tensor.shape.size() == rank);
  for (std::size_t i = 0; i < rank; ++i)
    TRACSEQ_ENSURE(input.shape[i] == -1 || tensor.shape[i] == input.shape[i]);
  return 0;
}
