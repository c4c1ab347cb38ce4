// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "domain/serving/record_plan.h"

namespace tracseq::serving {

// A fitted transformation from its stored text, applied to single records by the same code as to tables.
// `invalid` or `unsupported` when the text is none this program knows.
Result<std::shared_ptr<const RowTransformation>> feature_rows(std::string_view text);

}  // namespace tracseq::serving
