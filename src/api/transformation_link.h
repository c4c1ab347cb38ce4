// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "domain/registry/registry.h"

namespace tracseq::api {

// The registry's TransformationLookup over the pipeline runs: registry and features do not know each other.
Result<std::optional<registry::TransformationLink>> find_transformation(sql::Session& session,
                                                                        const CallContext& ctx,
                                                                        const std::string& pipeline_run_id,
                                                                        const std::string& output_hash);

}  // namespace tracseq::api
