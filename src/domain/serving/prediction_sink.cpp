// SPDX-License-Identifier: MIT
#include "domain/serving/prediction_sink.h"

#include <algorithm>

namespace tracseq::serving {

std::size_t samples_of(const Prediction& prediction) noexcept {
  std::int64_t rows = 0;
  for (const auto* tensors : {&prediction.inputs, &prediction.outputs})
    for (const Tensor& tensor : *tensors) {
      const std::int64_t of_tensor =
          tensor.shape.empty() ? 1 : std::max<std::int64_t>(tensor.shape.front(), 0);
      if (rows == 0) rows = of_tensor;
      if (of_tensor != rows) return 1;
    }
  return static_cast<std::size_t>(std::max<std::int64_t>(rows, 1));
}

}  // namespace tracseq::serving
