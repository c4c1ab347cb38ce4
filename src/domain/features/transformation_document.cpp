// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <span>
#include <tuple>

#include "domain/features/transformation.h"

namespace tracseq::features {

TRACSEQ_DEFINE_ENUM(StepKind)
TRACSEQ_DEFINE_TYPE(NumericStep, {.name = "column", .required = true})
TRACSEQ_DEFINE_TYPE(CategoricalStep, {.name = "column", .required = true})
TRACSEQ_DEFINE_TYPE(TextStep, {.name = "column", .required = true})
TRACSEQ_DEFINE_TYPE(OutputColumn, {.name = "name", .required = true})
TRACSEQ_DEFINE_TYPE(DroppedColumn)
TRACSEQ_DEFINE_TYPE(TransformationDocument, {.name = "format", .required = true},
                    {.name = "version", .required = true})

namespace {

constexpr double kIdfMax = 1e6;  // far beyond any that is fitted; its square must not overflow

Result<void> broken(std::string_view what) {
  return fail(Code::invalid, fmt::format("this is no sound transformation: {}", what));
}

bool all_finite(std::span<const double> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
}
bool all_finite(std::initializer_list<double> numbers) {
  return all_finite(std::span(numbers.begin(), numbers.size()));
}

Result<void> check_categorical(const CategoricalStep& step) {
  if (!std::is_sorted(step.categories.begin(), step.categories.end()) ||
      std::adjacent_find(step.categories.begin(), step.categories.end()) != step.categories.end())
    return broken(fmt::format("the categories of '{}' are not sorted and distinct", step.column));
  if (step.encoding != Encoding::target) return {};
  const std::size_t classes = std::max<std::size_t>(step.classes.size(), 1);
  if (step.values.size() != step.categories.size() * classes || step.unknown_values.size() != classes)
    return broken(fmt::format("the encodings of '{}' do not match its categories", step.column));
  if (!all_finite(step.values) || !all_finite(step.unknown_values))
    return broken(fmt::format("the numbers of '{}' are not finite", step.column));
  return {};
}

Result<void> check_numeric(const NumericStep& step) {
  const double low = step.low.value_or(0);
  const double high = step.high.value_or(0);
  if (!all_finite({step.fill, low, high, step.center, step.scale, step.factor.value_or(0),
                   step.offset.value_or(0)}) ||
      step.scale == 0 || step.factor.has_value() != step.offset.has_value())
    return broken(fmt::format("the numbers of '{}' are not finite", step.column));
  if (step.low && step.high && low > high)
    return broken(fmt::format("the bounds of '{}' are turned round: {} to {}", step.column, low, high));
  return {};
}

Result<void> check_text(const TextStep& step) {
  if (step.terms.size() != step.idf.size() || !std::is_sorted(step.terms.begin(), step.terms.end()) ||
      std::adjacent_find(step.terms.begin(), step.terms.end()) != step.terms.end())
    return broken(fmt::format("the terms of '{}' are not sorted and distinct", step.column));
  if (!std::all_of(step.idf.begin(), step.idf.end(), [](double idf) { return idf >= 0 && idf <= kIdfMax; }))
    return broken(fmt::format("the idf of '{}' is outside 0 to {}", step.column, kIdfMax));
  return {};
}

// How many parts an output of this step may have.
std::size_t parts_of(const TransformationDocument& document, const OutputColumn& output) {
  const auto step = static_cast<std::size_t>(output.step);
  switch (output.kind) {
    case StepKind::numeric:
      return 1;
    case StepKind::text:
      return document.text[step].terms.size();
    case StepKind::categorical:
      break;
  }
  const CategoricalStep& categorical = document.categorical[step];
  if (categorical.encoding == Encoding::onehot) return categorical.categories.size();
  if (categorical.encoding == Encoding::target) return std::max<std::size_t>(categorical.classes.size(), 1);
  return 1;
}

Result<void> check_outputs(const TransformationDocument& document) {
  std::set<std::string_view> names;
  std::set<std::tuple<StepKind, std::int64_t, std::int64_t>> sources;
  for (const OutputColumn& output : document.outputs) {
    const std::size_t steps = output.kind == StepKind::numeric       ? document.numeric.size()
                              : output.kind == StepKind::categorical ? document.categorical.size()
                                                                     : document.text.size();
    if (output.step < 0 || static_cast<std::size_t>(output.step) >= steps || output.part < 0 ||
        static_cast<std::size_t>(output.part) >= parts_of(document, output))
      return broken(fmt::format("the output '{}' points to nothing", output.name));
    if (!names.insert(output.name).second)
      return broken(fmt::format("two outputs are named '{}'", output.name));
    if (!sources.insert({output.kind, output.step, output.part}).second)
      return broken(fmt::format("the output '{}' is there twice under two names", output.name));
  }
  return {};
}

}  // namespace

Result<void> FittedTransformation::check() const {
  if (document_.format != "tracseq.transformation") return broken("its format is '" + document_.format + "'");
  if (document_.version > kTransformationVersion)
    return fail(Code::unsupported,
                fmt::format("the transformation is of version {}; this program reads up to {}",
                            document_.version, kTransformationVersion));
  for (const NumericStep& step : document_.numeric) TRACSEQ_CHECK(check_numeric(step));
  for (const CategoricalStep& step : document_.categorical) TRACSEQ_CHECK(check_categorical(step));
  for (const TextStep& step : document_.text) TRACSEQ_CHECK(check_text(step));
  return check_outputs(document_);
}

Result<FittedTransformation> FittedTransformation::from_document(TransformationDocument document) {
  FittedTransformation made(std::move(document));
  TRACSEQ_CHECK(made.check());
  made.compile();
  return made;
}

Result<FittedTransformation> FittedTransformation::from_text(std::string_view json) {
  TRACSEQ_TRY(TransformationDocument document,
              tracseq::from_json<TransformationDocument>(json, UnknownFields::ignore));
  return from_document(std::move(document));
}

std::string FittedTransformation::to_text() const { return to_json(document_); }

FittedTransformation::FittedTransformation(TransformationDocument document)
    : document_(std::move(document)) {}

void FittedTransformation::compile() {
  numeric_slots_.assign(document_.numeric.size(), -1);
  for (const NumericStep& step : document_.numeric) inputs_.push_back(step.column);
  for (const CategoricalStep& step : document_.categorical) {
    inputs_.push_back(step.column);
    StringIndex index;
    for (const auto& category : step.categories) index.add(category);
    categories_.push_back(std::move(index));
    const std::size_t parts = step.encoding == Encoding::onehot ? step.categories.size()
                              : step.encoding == Encoding::target
                                  ? std::max<std::size_t>(step.classes.size(), 1)
                                  : 1;
    categorical_slots_.emplace_back(parts, -1);
  }
  for (const TextStep& step : document_.text) {
    inputs_.push_back(step.column);
    StringIndex index;
    for (const auto& term : step.terms) index.add(term);
    terms_.push_back(std::move(index));
    text_slots_.emplace_back(step.terms.size(), -1);
  }
  for (std::size_t i = 0; i < document_.outputs.size(); ++i) {
    const OutputColumn& output = document_.outputs[i];
    const auto step = static_cast<std::size_t>(output.step);
    const auto part = static_cast<std::size_t>(output.part);
    const auto place = static_cast<std::int32_t>(i);
    switch (output.kind) {
      case StepKind::numeric:
        numeric_slots_[step] = place;
        break;
      case StepKind::categorical:
        categorical_slots_[step][part] = place;
        break;
      case StepKind::text:
        text_slots_[step][part] = place;
        break;
    }
  }
}

std::vector<std::string> FittedTransformation::output_names() const {
  std::vector<std::string> names;
  names.reserve(document_.outputs.size());
  for (const OutputColumn& output : document_.outputs) names.push_back(output.name);
  return names;
}

std::optional<std::string> FittedTransformation::offline_only() const {
  if (document_.python_steps.empty()) return std::nullopt;
  return document_.python_steps.front();
}

}  // namespace tracseq::features
