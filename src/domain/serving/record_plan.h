// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "domain/serving/engine.h"

namespace tracseq::serving {

inline constexpr std::size_t kPredictRecordsMax = 100'000;

// A fitted transformation, as far as a request needs it: one record in, the model's row out. Thread-safe.
class RowTransformation {
 public:
  virtual ~RowTransformation() = default;
  // Numbers a row has afterwards.
  [[nodiscard]] virtual std::size_t width() const = 0;
  // The first Python step; such a transformation cannot run here.
  [[nodiscard]] virtual std::optional<std::string> offline_only() const = 0;
  // `invalid` names a missing column or a value of another kind.
  virtual Result<void> apply(const Json& record, std::span<double> row) const = 0;
};

// One answer to one record.
struct RecordPrediction {
  Json label;                                   // integer, number or text
  std::map<std::string, double> probabilities;  // by label; empty for a regression
};

// How records by column name become the model's input, and its outputs predictions: through the linked
// transformation, else by the order of the columns. Immutable, any thread.
class RecordPlan {
 public:
  // Without a transformation the columns are the model's own feature names, else `feature_columns` where
  // their number fits its input. A plan that cannot work says why at `predict`, not here: the model's tensors
  // may be served all the same.
  RecordPlan(std::shared_ptr<const LoadedModel> model,
             std::shared_ptr<const RowTransformation> transformation,
             const std::vector<std::string>& feature_columns);

  // The records' rows as the model's one input. `unsupported` when this model cannot be asked by record, with
  // the reason; `invalid` names the record and the column.
  [[nodiscard]] Result<Tensor> rows(const std::vector<Json>& records) const;
  // Reads the model's outputs: first the label, then the probabilities.
  [[nodiscard]] Result<std::vector<RecordPrediction>> predictions(const std::vector<Tensor>& outputs,
                                                                  std::size_t records) const;
  // The columns a record needs, in order; empty with a transformation.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return columns_; }

 private:
  void choose_columns(const std::vector<std::string>& feature_columns);
  Result<void> fill(const Json& record, std::size_t index, std::span<double> row) const;

  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<const RowTransformation> transformation_;
  std::vector<std::string> columns_;
  std::size_t width_ = 0;
  std::optional<Error> refusal_;
};

}  // namespace tracseq::serving
