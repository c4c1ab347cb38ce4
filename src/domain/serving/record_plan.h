// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
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

// A fitted transformation, as far as a request needs it: one record in, its features out. Thread-safe.
class RowTransformation {
 public:
  virtual ~RowTransformation() = default;
  // The features it makes, in order.
  [[nodiscard]] virtual const std::vector<std::string>& output_names() const noexcept = 0;
  // The first Python step; such a transformation cannot run here.
  [[nodiscard]] virtual std::optional<std::string> offline_only() const = 0;
  // Fills one number per output. `invalid` names a missing column or a value of another kind.
  virtual Result<void> apply(const Json& record, std::span<double> row) const = 0;
};

// One answer to one record.
struct RecordPrediction {
  Json label;                                   // integer, number, boolean or text
  std::map<std::string, double> probabilities;  // by class; empty where the model is no classifier
};

// How records by column name become the model's input, and its outputs predictions. The order of the input is
// that of the model's own feature names, else of the registered `feature_columns` where their number fits,
// else of the linked transformation's outputs. A feature the transformation makes is taken from there;
// another is the record's own column (numbers and flags a pipeline passes through). Immutable, any thread.
class RecordPlan {
 public:
  // A plan that cannot work says why at `rows`, not here: the model's tensors may be served all the same.
  RecordPlan(std::shared_ptr<const LoadedModel> model,
             std::shared_ptr<const RowTransformation> transformation,
             const std::vector<std::string>& feature_columns);

  // The records' rows as the model's one input. `unsupported` when this model cannot be asked by record, with
  // the reason; `invalid` names the record and the column.
  [[nodiscard]] Result<Tensor> rows(const std::vector<Json>& records) const;
  // Reads the model's outputs: first the label, then the probabilities.
  [[nodiscard]] Result<std::vector<RecordPrediction>> predictions(const std::vector<Tensor>& outputs,
                                                                  std::size_t records) const;
  // The features of the input, in order; empty where they are not known by name.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return columns_; }

 private:
  static constexpr std::size_t kOwnColumn = std::numeric_limits<std::size_t>::max();
  void choose_columns(const std::vector<std::string>& feature_columns);
  void find_sources();
  Result<void> fill(const Json& record, std::size_t index, std::span<double> features,
                    std::span<double> row) const;
  Result<double> own_column(const Json& record, std::size_t index, const std::string& column) const;

  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<const RowTransformation> transformation_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> sources_;  // of each column the transformation's output, or kOwnColumn
  std::optional<Error> refusal_;
};

}  // namespace tracseq::serving
