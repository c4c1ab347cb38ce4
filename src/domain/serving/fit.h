// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/serving/engine.h"
#include "domain/serving/model_cache.h"
#include "domain/serving/record_plan.h"

namespace tracseq::serving {

// Where a model contradicts what was registered of it, in words for a person; empty: nowhere.
// The signature's inputs and outputs (names, types, widths), its classes and feature names are held against
// the model's own; the feature columns against the model's input, and where a transformation is linked (null:
// none) also against what it makes. What the registration does not say, or says in another form than the Open
// Inference Protocol's, is not compared. FP32 and FP64 inputs stand for one another.
std::string misfit(const WantedModel& wanted, const ModelInfo& model,
                   const RowTransformation* transformation);

}  // namespace tracseq::serving
