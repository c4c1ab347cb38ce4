// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace tracseq::deployment {

// Amounts as Kubernetes writes them. Cores: "2", "0.5", "500m". Bytes: "1073741824", "512Mi", "1.5Gi", "2G".
// `invalid` names the field, the text and what is allowed; both must be above 0.
Result<double> cores_of(const std::string& field, const std::string& text);
Result<std::int64_t> bytes_of(const std::string& field, const std::string& text);

struct Limits {
  double cpus = 0;                // 0: none
  std::int64_t memory_bytes = 0;  // 0: none
};
// Of resource_limits or resource_requests; a key other than cpu and memory is `invalid`.
Result<Limits> limits_of(const std::string& field, const std::map<std::string, std::string>& amounts);

}  // namespace tracseq::deployment
