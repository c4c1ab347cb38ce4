// SPDX-License-Identifier: MIT
#include "domain/serving/record_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "storage/tables/columns.h"

namespace tracseq::serving {
namespace {

bool is_float(DataType type) { return type == DataType::fp32 || type == DataType::fp64; }

template <class T>
T element(const Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::optional<double> number_at(const Tensor& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::fp32:
      return element<float>(tensor, index);
    case DataType::fp64:
      return element<double>(tensor, index);
    default:
      return std::nullopt;
  }
}

// The label of one row.
Json label_at(const Tensor& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::bytes:
      return Json(tensor.strings[index]);
    case DataType::int64:
      return Json(element<std::int64_t>(tensor, index));
    case DataType::int32:
      return Json(static_cast<std::int64_t>(element<std::int32_t>(tensor, index)));
    case DataType::boolean:
      return Json(tensor.data[index] != std::byte{0});
    default:
      break;
  }
  const auto number = number_at(tensor, index);
  return number ? Json(*number) : Json();
}

// Whether a graph that answers whole numbers means places in `classes`: "False" and "True" are answered as 0
// and 1, a class that is a number itself as that number. scikit-learn's classes may be the doubles 1.0 and
// 2.0; the graph answers 1 and 2 then.
bool label_is_place(const Tensor& label, const std::vector<std::string>& classes) {
  if (label.type != DataType::int64 && label.type != DataType::int32) return false;
  return std::none_of(classes.begin(), classes.end(), [](const std::string& name) {
    double number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    return read.ec == std::errc() && read.ptr == name.data() + name.size() && std::isfinite(number);
  });
}

// The label that a class's name stands for: scikit-learn's False and True are no texts. A classifier of the
// texts "False" and "True" answers them as texts, not as places.
Json label_named(const std::string& name) {
  if (name == "False" || name == "True") return Json(name == "True");
  return Json(name);
}

// Whether a graph's second output holds a probability of each class. Distances of a clustering, scores of an
// outlier detector and margins of a classifier without probabilities stand in the same place.
bool is_probabilities(const Tensor& table, std::size_t records, const std::vector<std::string>& classes) {
  if (table.shape.size() != 2 || table.shape[0] != static_cast<std::int64_t>(records)) return false;
  if (!is_float(table.type)) return false;
  // A file from elsewhere may not say its classes; the converters name this output the same.
  if (classes.empty()) return table.name == "probabilities";
  return table.shape[1] == std::ssize(classes);
}

// A column's value as the model takes it: numbers and booleans; null is a missing value.
std::optional<double> number_of(const Json& value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value.is_number()) return value.number_or(0);
  if (value.is_bool()) return value.bool_or(false) ? 1 : 0;
  if (const std::string* text = value.as_string()) {  // non-finite numbers have no other form in JSON
    if (tables::is_missing_text(*text)) return std::numeric_limits<double>::quiet_NaN();
    if (*text == "Infinity") return std::numeric_limits<double>::infinity();
    if (*text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return std::nullopt;
}

Error refusal(std::string why) { return {Code::unsupported, std::move(why), {}, {}}; }

}  // namespace

RecordPlan::RecordPlan(std::shared_ptr<const LoadedModel> model,
                       std::shared_ptr<const RowTransformation> transformation,
                       const std::vector<std::string>& feature_columns)
    : model_(std::move(model)), transformation_(std::move(transformation)) {
  const ModelInfo& info = model_->info();
  const bool table =
      info.inputs.size() == 1 && info.inputs[0].shape.size() == 2 && is_float(info.inputs[0].type);
  if (!table) {
    refusal_ = refusal(
        "prediction by record needs a model of one input [-1, features] of numbers; this one is asked by "
        "its tensors (/v2)");
    return;
  }
  if (transformation_)
    if (const auto step = transformation_->offline_only()) {
      refusal_ = refusal(
          fmt::format("the linked transformation has the Python step '{}', which runs offline only", *step));
      return;
    }
  choose_columns(feature_columns);
  find_sources();
}

void RecordPlan::choose_columns(const std::vector<std::string>& feature_columns) {
  const ModelInfo& info = model_->info();
  const std::int64_t wanted = info.inputs[0].shape[1];
  const auto fits = [&](const std::vector<std::string>& names) {
    return !names.empty() && (wanted < 0 || names.size() == static_cast<std::size_t>(wanted));
  };
  const auto made = [&](const std::vector<std::string>& names) {  // all of them by the transformation
    const auto& outputs = transformation_->output_names();
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(outputs.begin(), outputs.end(), name) != outputs.end();
    });
  };
  if (fits(info.feature_names)) {
    columns_ = info.feature_names;
  } else if (transformation_ && fits(transformation_->output_names()) &&
             !(fits(feature_columns) && made(feature_columns))) {
    columns_ = transformation_->output_names();  // feature_columns name what went into the pipeline
  } else if (fits(feature_columns)) {
    columns_ = feature_columns;
  } else if (transformation_) {
    refusal_ = refusal(
        fmt::format("the linked transformation makes {} features, the model takes {} and does not name them",
                    transformation_->output_names().size(), wanted));
  } else {
    refusal_ = refusal(
        fmt::format("the order of the columns is not known: the model has no feature names of its own, no "
                    "transformation is linked, and its {} feature_columns do not fit its {} inputs",
                    feature_columns.size(), wanted));
  }
}

void RecordPlan::find_sources() {
  for (const std::string& column : columns_) {
    std::size_t source = kOwnColumn;
    if (transformation_) {
      const auto& outputs = transformation_->output_names();
      const auto found = std::find(outputs.begin(), outputs.end(), column);
      if (found != outputs.end()) source = static_cast<std::size_t>(found - outputs.begin());
    }
    sources_.push_back(source);
  }
}

Result<double> RecordPlan::own_column(const Json& record, std::size_t index,
                                      const std::string& column) const {
  const Json* value = record.find(column);
  if (value == nullptr)
    return fail_field(column, fmt::format("record {} lacks the column '{}'", index, column));
  const auto number = number_of(*value);
  if (!number)
    return fail_field(column,
                      fmt::format("record {}: the column '{}' must be a number or null", index, column));
  return *number;
}

Result<void> RecordPlan::fill(const Json& record, std::size_t index, std::span<double> features,
                              std::span<double> row) const {
  if (!record.is_object())
    return fail_field("records", fmt::format("record {} must be an object of column names", index));
  if (transformation_) {
    auto applied = transformation_->apply(record, features);
    if (!applied) {
      applied.error().message = fmt::format("record {}: {}", index, applied.error().message);
      return applied;
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (sources_[i] != kOwnColumn) {
      row[i] = features[sources_[i]];
      continue;
    }
    TRACSEQ_TRY(row[i], own_column(record, index, columns_[i]));
  }
  return {};
}

Result<Tensor> RecordPlan::rows(const std::vector<Json>& records) const {
  if (refusal_) return fail(*refusal_);
  if (records.empty()) return fail_field("records", "records is empty; at least one is needed");
  if (records.size() > kPredictRecordsMax)
    return fail_field("records", fmt::format("records has {} elements; at most {} are allowed",
                                             records.size(), kPredictRecordsMax));
  const std::size_t width = columns_.size();
  Tensor tensor;
  tensor.name = model_->info().inputs[0].name;
  tensor.type = DataType::fp64;  // the engine narrows it where the graph wants FP32
  tensor.shape = {static_cast<std::int64_t>(records.size()), static_cast<std::int64_t>(width)};
  TRACSEQ_CHECK(element_count(tensor.name, tensor.shape));
  tensor.data.resize(records.size() * width * sizeof(double));
  std::vector<double> row(width);
  std::vector<double> features(transformation_ ? transformation_->output_names().size() : 0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    TRACSEQ_CHECK(fill(records[i], i, features, row));
    if (width > 0)
      std::memcpy(tensor.data.data() + i * width * sizeof(double), row.data(), width * sizeof(double));
  }
  return tensor;
}

Result<std::vector<RecordPrediction>> RecordPlan::predictions(const std::vector<Tensor>& outputs,
                                                              std::size_t records) const {
  if (outputs.empty()) return fail(Code::unprocessable, "the model has no outputs");
  const Tensor& label = outputs.front();
  TRACSEQ_TRY(const std::size_t labels, element_count(label.name, label.shape));
  if (labels != records)
    return fail(Code::unprocessable,
                fmt::format("the model's first output '{}' has {} values for {} records; it must be the "
                            "label",
                            label.name, labels, records));
  std::vector<RecordPrediction> predictions(records);
  const std::vector<std::string>& names = model_->info().classes;
  const bool places = label_is_place(label, names);
  for (std::size_t i = 0; i < records; ++i) {
    predictions[i].label = label_at(label, i);
    if (!places) continue;
    const std::int64_t place = predictions[i].label.integer_or(-1);
    if (place >= 0 && place < std::ssize(names))
      predictions[i].label = label_named(names[static_cast<std::size_t>(place)]);
  }
  if (outputs.size() < 2 || !is_probabilities(outputs[1], records, names)) return predictions;
  const Tensor& table = outputs[1];
  const auto classes = static_cast<std::size_t>(table.shape[1]);
  for (std::size_t i = 0; i < records; ++i)
    for (std::size_t c = 0; c < classes; ++c) {
      std::string name = names.empty() ? std::to_string(c) : names[c];
      predictions[i].probabilities.emplace(std::move(name), *number_at(table, i * classes + c));
    }
  return predictions;
}

}  // namespace tracseq::serving
