// SPDX-License-Identifier: MIT
#include "domain/serving/fit.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace tracseq::serving {
namespace {

constexpr std::size_t kNamesShown = 20;

bool is_float(DataType type) { return type == DataType::fp32 || type == DataType::fp64; }

std::string shown(const std::vector<std::string>& names) {
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesShown));
  return fmt::format("[{}{}]", fmt::join(names.begin(), end, ", "), names.size() > kNamesShown ? ", …" : "");
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A list of texts; nothing where it is anything else.
std::optional<std::vector<std::string>> texts_of(const Json* value) {
  const Json::Array* list = value != nullptr ? value->as_array() : nullptr;
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const Json& one : *list) {
    if (!one.is_string()) return std::nullopt;
    texts.push_back(one.string_or(""));
  }
  return texts;
}

// A tensor as a signature describes it; nothing where that is not in the protocol's words.
std::optional<TensorInfo> tensor_of(const Json& value) {
  const Json* name = value.find("name");
  const Json* type = value.find("datatype");
  const Json* shape = value.find("shape");
  if (name == nullptr || !name->is_string() || type == nullptr || !type->is_string()) return std::nullopt;
  TensorInfo info;
  info.name = name->string_or("");
  const auto known = datatype_from(type->string_or(""));
  if (!known) return std::nullopt;
  info.type = *known;
  if (shape != nullptr && shape->is_array())
    for (const Json& dimension : *shape->as_array()) info.shape.push_back(dimension.integer_or(-1));
  return info;
}

std::optional<std::vector<TensorInfo>> tensors_of(const Json* value) {
  const Json::Array* list = value != nullptr ? value->as_array() : nullptr;
  if (list == nullptr || list->empty()) return std::nullopt;
  std::vector<TensorInfo> tensors;
  for (const Json& one : *list) {
    auto tensor = tensor_of(one);
    if (!tensor) return std::nullopt;
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

// Whether both say the same of every dimension but the first, as far as both say anything: -1 is any number,
// a shape without dimensions is one that is not known. An output's label may be a list or a column of one.
bool same_widths(const Shape& said, const Shape& has, bool input) {
  if (said.empty() || has.empty()) return true;
  if (said.size() != has.size()) return !input;
  for (std::size_t i = 1; i < said.size(); ++i)
    if (said[i] >= 0 && has[i] >= 0 && said[i] != has[i]) return false;
  return true;
}

std::string tensors_differ(bool input, const std::vector<TensorInfo>& said,
                           const std::vector<TensorInfo>& has) {
  const std::string_view role = input ? "input" : "output";
  for (const TensorInfo& one : said) {
    const auto found =
        std::find_if(has.begin(), has.end(), [&](const TensorInfo& info) { return info.name == one.name; });
    if (found == has.end())
      return fmt::format("the signature names the {} '{}', which the model does not have", role, one.name);
    const bool same = found->type == one.type || (input && is_float(one.type) && is_float(found->type));
    if (!same)
      return fmt::format("the {} '{}' is {} in the signature, {} in the model", role, one.name,
                         datatype_name(one.type), datatype_name(found->type));
    if (!same_widths(one.shape, found->shape, input))
      return fmt::format("the {} '{}' has the shape {} in the signature, {} in the model", role, one.name,
                         shape_text(one.shape), shape_text(found->shape));
  }
  for (const TensorInfo& info : has)
    if (std::none_of(said.begin(), said.end(), [&](const TensorInfo& one) { return one.name == info.name; }))
      return fmt::format("the model has the {} '{}', which the signature does not name", role, info.name);
  return {};
}

std::string signature_differs(const Json& signature, const ModelInfo& model) {
  if (const auto inputs = tensors_of(signature.find("inputs")))
    if (auto why = tensors_differ(true, *inputs, model.inputs); !why.empty()) return why;
  if (const auto outputs = tensors_of(signature.find("outputs")))
    if (auto why = tensors_differ(false, *outputs, model.outputs); !why.empty()) return why;
  const auto classes = texts_of(signature.find("classes"));
  if (classes && !classes->empty() && !model.classes.empty() && *classes != model.classes)
    return fmt::format("the classes are {} in the signature, {} in the model", shown(*classes),
                       shown(model.classes));
  const auto names = texts_of(signature.find("feature_names"));
  if (names && !names->empty() && !model.feature_names.empty() && *names != model.feature_names)
    return fmt::format("the feature names are {} in the signature, {} in the model", shown(*names),
                       shown(model.feature_names));
  return {};
}

// The columns name the model's input, one for one.
std::string columns_differ(const std::vector<std::string>& columns, const ModelInfo& model,
                           std::int64_t width) {
  if (columns.empty()) return {};
  if (width >= 0 && static_cast<std::int64_t>(columns.size()) != width)
    return fmt::format("feature_columns name {} columns, the model takes {}", columns.size(), width);
  if (!model.feature_names.empty() && columns != model.feature_names)
    return fmt::format("feature_columns are {}, the model was fitted on {}", shown(columns),
                       shown(model.feature_names));
  return {};
}

// The columns name the model's input or what goes into the transformation: each feature must come from
// somewhere.
std::string transformation_differs(const std::vector<std::string>& columns, const ModelInfo& model,
                                   std::int64_t width, const std::vector<std::string>& made) {
  if (columns_differ(columns, model, width).empty() && !columns.empty()) return {};
  if (model.feature_names.empty()) {
    if (width < 0 || static_cast<std::int64_t>(made.size()) == width) return {};
    return fmt::format(
        "the linked transformation makes {} features and feature_columns name {}, the model takes {}",
        made.size(), columns.size(), width);
  }
  for (const std::string& name : model.feature_names)
    if (!contains(made, name) && !columns.empty() && !contains(columns, name))
      return fmt::format(
          "the model takes the feature '{}', which neither the linked transformation makes nor "
          "feature_columns name",
          name);
  return {};
}

// Only a single table has columns.
bool has_columns(const ModelInfo& model) {
  return model.inputs.size() == 1 && model.inputs[0].shape.size() == 2;
}

}  // namespace

std::string misfit(const WantedModel& wanted, const ModelInfo& model) {
  if (auto why = signature_differs(wanted.signature, model); !why.empty()) return why;
  if (!has_columns(model) || model.feature_names.empty()) return {};
  const std::int64_t width = model.inputs[0].shape[1];
  if (width >= 0 && static_cast<std::int64_t>(model.feature_names.size()) != width)
    return fmt::format("the model names {} features and takes {}", model.feature_names.size(), width);
  return {};
}

std::string columns_remark(const WantedModel& wanted, const ModelInfo& model,
                           const RowTransformation* transformation) {
  if (!has_columns(model)) return {};
  const std::int64_t width = model.inputs[0].shape[1];
  if (transformation == nullptr) return columns_differ(wanted.feature_columns, model, width);
  if (transformation->offline_only()) return {};  // is asked by its tensors only
  return transformation_differs(wanted.feature_columns, model, width, transformation->output_names());
}

}  // namespace tracseq::serving
