// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/serving/engine.h"
#include "domain/serving/model_cache.h"
#include "domain/serving/record_plan.h"

namespace tracseq::serving {

// Where a model contradicts its registered signature or itself, in words for a person; empty: nowhere. The
// signature's inputs and outputs (names, types, widths), its classes and feature names are held against the
// model's own. What the signature does not say, or says in another form than the Open Inference Protocol's,
// is not compared. FP32 and FP64 inputs stand for one another.
std::string misfit(const WantedModel& wanted, const ModelInfo& model);

// Where the feature columns disagree with the model's input, or with what a linked transformation (null:
// none) makes of them; empty: nowhere. They describe only, so this is worth a warning and never a reason to
// refuse: RecordPlan orders columns by the model's own names and says where it cannot.
std::string columns_remark(const WantedModel& wanted, const ModelInfo& model,
                           const RowTransformation* transformation);

}  // namespace tracseq::serving
