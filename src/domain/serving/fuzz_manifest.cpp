// SPDX-License-Identifier: MIT
// A model cache's list that is let in is written and read again as the same.
// Built with: domain/serving/model_cache.cpp
#include <cstdint>
#include <string_view>

#include "domain/serving/model_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = tracseq::serving::parse_manifest({reinterpret_cast<const char*>(data), size});
  if (!manifest) return 0;
  const std::string text = tracseq::to_json(*manifest);
  const auto again = tracseq::serving::parse_manifest(text);
  TRACSEQ_ENSURE(again && again->models.size() == manifest->models.size() &&
                 tracseq::to_json(*again) == text);
  return 0;
}
