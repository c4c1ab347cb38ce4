// SPDX-License-Identifier: MIT
#include "domain/serving/feature_rows.h"

#include "domain/features/transformation.h"

namespace tracseq::serving {
namespace {

class FeatureRows final : public RowTransformation {
 public:
  explicit FeatureRows(features::FittedTransformation fitted)
      : fitted_(std::move(fitted)), names_(fitted_.output_names()) {}
  [[nodiscard]] const std::vector<std::string>& output_names() const noexcept override { return names_; }
  [[nodiscard]] std::optional<std::string> offline_only() const override { return fitted_.offline_only(); }
  Result<void> apply(const Json& record, std::span<double> row) const override {
    thread_local features::RowScratch scratch;
    thread_local std::vector<features::Value> values;
    values.assign(fitted_.inputs().size(), {});
    TRACSEQ_CHECK(fitted_.bind_record(record, values));
    return fitted_.transform_row(values, scratch, row);
  }

 private:
  const features::FittedTransformation fitted_;
  const std::vector<std::string> names_;
};

}  // namespace

Result<std::shared_ptr<const RowTransformation>> feature_rows(std::string_view text) {
  TRACSEQ_TRY(features::FittedTransformation fitted, features::FittedTransformation::from_text(text));
  return std::make_shared<FeatureRows>(std::move(fitted));
}

}  // namespace tracseq::serving
