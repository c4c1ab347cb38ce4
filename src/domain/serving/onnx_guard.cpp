// SPDX-License-Identifier: MIT
#include "domain/serving/onnx_guard.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json.h"
#include "domain/serving/engine.h"
#include "domain/serving/wire_reader.h"

namespace tracseq::serving {
namespace {

// Field numbers of onnx.proto.
namespace model_field {
enum : std::uint64_t { graph = 7, metadata = 14, training = 20, functions = 25 };
}
namespace graph_field {
enum : std::uint64_t { node = 1, initializer = 5, sparse_initializer = 15 };
}
namespace node_field {
enum : std::uint64_t { op_type = 4, attribute = 5, domain = 7 };
}
namespace attribute_field {
enum : std::uint64_t {
  name = 1,
  tensor = 5,
  graph = 6,
  floats = 7,
  ints = 8,
  strings = 9,
  tensors = 10,
  graphs = 11,
  sparse_tensor = 22,
  sparse_tensors = 23
};
}
namespace tensor_field {
enum : std::uint64_t { dims = 1, external_data = 13, data_location = 14 };
}
namespace sparse_field {
enum : std::uint64_t { values = 1, indices = 2, dims = 3 };
}
namespace function_field {
enum : std::uint64_t { node = 7, attribute_proto = 11 };
}

constexpr std::array<std::string_view, 4> kDomains{"", "ai.onnx", "ai.onnx.ml", "com.microsoft"};

tl::unexpected<Error> refuse(std::string why) {
  return fail(Code::unprocessable, "the model is refused: " + std::move(why));
}
tl::unexpected<Error> not_onnx() {
  return fail(Code::unprocessable, "the file is no ONNX model (its protobuf is broken)");
}

class Walker {
 public:
  Result<OnnxFacts> model(std::string_view bytes) {
    WireReader reader(bytes);
    bool graph_seen = false;
    while (reader.next()) {
      if (!reader.is_bytes()) continue;
      switch (reader.field()) {
        case model_field::graph:
          graph_seen = true;
          TRACSEQ_CHECK(graph(reader.bytes(), 1));
          break;
        case model_field::metadata:
          TRACSEQ_CHECK(metadata(reader.bytes()));
          break;
        case model_field::functions:
          TRACSEQ_CHECK(function(reader.bytes()));
          break;
        case model_field::training:
          return refuse("it carries training graphs");
        default:
          break;
      }
    }
    if (reader.broken() || !graph_seen) return not_onnx();
    if (!named_classes_.empty()) facts_.classes = std::move(named_classes_);
    return std::move(facts_);
  }

 private:
  Result<void> graph(std::string_view bytes, std::size_t depth) {
    if (depth > kOnnxDepthMax) return refuse(fmt::format("its graphs nest deeper than {}", kOnnxDepthMax));
    WireReader reader(bytes);
    while (reader.next()) {
      if (!reader.is_bytes()) continue;
      switch (reader.field()) {
        case graph_field::node:
          TRACSEQ_CHECK(node(reader.bytes(), depth));
          break;
        case graph_field::initializer:
          TRACSEQ_CHECK(tensor(reader.bytes()));
          break;
        case graph_field::sparse_initializer:
          TRACSEQ_CHECK(sparse(reader.bytes()));
          break;
        default:
          break;
      }
    }
    if (reader.broken()) return not_onnx();
    return {};
  }

  Result<void> function(std::string_view bytes) {
    WireReader reader(bytes);
    while (reader.next()) {
      if (!reader.is_bytes()) continue;
      if (reader.field() == function_field::node) TRACSEQ_CHECK(node(reader.bytes(), 1));
      if (reader.field() == function_field::attribute_proto) TRACSEQ_CHECK(attribute(reader.bytes(), 1));
    }
    if (reader.broken()) return not_onnx();
    return {};
  }

  Result<void> node(std::string_view bytes, std::size_t depth) {
    if (++facts_.nodes > kOnnxNodesMax)
      return refuse(fmt::format("it has more than {} nodes", kOnnxNodesMax));
    WireReader reader(bytes);
    while (reader.next()) {
      if (!reader.is_bytes()) continue;
      const std::string_view value = reader.bytes();
      if (reader.field() == node_field::attribute) TRACSEQ_CHECK(attribute(value, depth));
      if (reader.field() == node_field::domain &&
          std::find(kDomains.begin(), kDomains.end(), value) == kDomains.end())
        return refuse(fmt::format(
            "it uses operators of the domain '{}'; known are ai.onnx, ai.onnx.ml and com.microsoft",
            value.substr(0, 100)));
      // An operator that names a file of its own.
      if (reader.field() == node_field::op_type && value == "EPContext")
        return refuse("it uses the operator EPContext, whose data lies outside the file");
    }
    if (reader.broken()) return not_onnx();
    return {};
  }

  Result<void> attribute(std::string_view bytes, std::size_t depth) {
    WireReader reader(bytes);
    std::string_view name;
    std::vector<std::string> labels;
    std::size_t values = 0;
    while (reader.next()) {
      const std::string_view value = reader.bytes();
      switch (reader.field()) {
        case attribute_field::name:
          name = value;
          break;
        case attribute_field::tensor:
        case attribute_field::tensors:
          TRACSEQ_CHECK(tensor(value));
          break;
        case attribute_field::sparse_tensor:
        case attribute_field::sparse_tensors:
          TRACSEQ_CHECK(sparse(value));
          break;
        case attribute_field::graph:
        case attribute_field::graphs:
          TRACSEQ_CHECK(graph(value, depth + 1));
          break;
        case attribute_field::floats:
          values += reader.is_bytes() ? value.size() / sizeof(float) : 1;
          break;
        case attribute_field::ints:
          // An int takes at least one byte.
          values += reader.is_bytes() ? value.size() : 1;
          // The name precedes the values in what every known writer makes; labels are an aid, not a
          // condition.
          if (name.starts_with("classlabels_int")) TRACSEQ_CHECK(int_labels(reader, labels));
          break;
        case attribute_field::strings:
          ++values;
          if (name == "classlabels_strings" && labels.size() < kOnnxClassesMax) labels.emplace_back(value);
          break;
        default:
          break;
      }
      if (values > kOnnxAttributeValuesMax)
        return refuse(fmt::format("an attribute has more than {} values", kOnnxAttributeValuesMax));
    }
    if (reader.broken()) return not_onnx();
    if (!labels.empty()) facts_.classes = std::move(labels);
    return {};
  }

  static Result<void> int_labels(const WireReader& reader, std::vector<std::string>& labels) {
    if (!reader.is_bytes()) {
      if (labels.size() < kOnnxClassesMax)
        labels.push_back(fmt::format("{}", static_cast<std::int64_t>(reader.number())));
      return {};
    }
    std::string_view packed = reader.bytes();
    while (!packed.empty() && labels.size() < kOnnxClassesMax) {
      std::uint64_t value = 0;
      if (!WireReader::take_varint(packed, value)) return not_onnx();
      labels.push_back(fmt::format("{}", static_cast<std::int64_t>(value)));
    }
    return {};
  }

  static Result<void> tensor(std::string_view bytes) {
    WireReader reader(bytes);
    std::int64_t elements = 1;
    while (reader.next()) {
      switch (reader.field()) {
        case tensor_field::dims:
          TRACSEQ_CHECK(dims(reader, elements));
          break;
        case tensor_field::external_data:
          return refuse("a tensor's data lies outside the file (external_data)");
        case tensor_field::data_location:
          if (reader.number() != 0) return refuse("a tensor's data lies outside the file (data_location)");
          break;
        default:
          break;
      }
    }
    if (reader.broken()) return not_onnx();
    return {};
  }

  static Result<void> sparse(std::string_view bytes) {
    WireReader reader(bytes);
    std::int64_t elements = 1;
    while (reader.next()) {
      if (reader.field() == sparse_field::values || reader.field() == sparse_field::indices)
        TRACSEQ_CHECK(tensor(reader.bytes()));
      if (reader.field() == sparse_field::dims) TRACSEQ_CHECK(dims(reader, elements));
    }
    if (reader.broken()) return not_onnx();
    return {};
  }

  // Multiplies the field's dimensions (packed or single) into `elements`.
  static Result<void> dims(const WireReader& reader, std::int64_t& elements) {
    std::string_view packed = reader.bytes();
    do {
      std::uint64_t raw = reader.number();
      if (reader.is_bytes() && (packed.empty() || !WireReader::take_varint(packed, raw))) {
        if (reader.bytes().empty()) return {};
        return not_onnx();
      }
      const auto dimension = static_cast<std::int64_t>(raw);
      if (dimension < 0) return refuse("a tensor has a negative dimension");
      if (dimension > 0 && elements > kOnnxTensorElementsMax / dimension)
        return refuse(fmt::format("a tensor has more than {} elements", kOnnxTensorElementsMax));
      if (dimension > 0) elements *= dimension;
    } while (!packed.empty());
    return {};
  }

  Result<void> metadata(std::string_view bytes) {
    WireReader reader(bytes);
    std::string_view key;
    std::string_view value;
    while (reader.next()) {
      if (reader.field() == 1) key = reader.bytes();
      if (reader.field() == 2) value = reader.bytes();
    }
    if (reader.broken()) return not_onnx();
    if (key == "tracseq.classes") return names(key, value, named_classes_);
    if (key == "tracseq.feature_names") return names(key, value, facts_.feature_names);
    return {};
  }

  static Result<void> names(std::string_view key, std::string_view text, std::vector<std::string>& out) {
    const auto document = parse_json(text);
    const Json::Array* items = document ? document->as_array() : nullptr;
    if (items == nullptr) return refuse(fmt::format("its metadata '{}' is no JSON array of names", key));
    if (items->size() > kOnnxClassesMax)
      return refuse(fmt::format("its metadata '{}' has more than {} names", key, kOnnxClassesMax));
    out.clear();
    for (const Json& item : *items) {
      const std::string* name = item.as_string();
      out.push_back(name != nullptr ? *name : dump_json(item));
    }
    return {};
  }

  OnnxFacts facts_;
  std::vector<std::string> named_classes_;
};

}  // namespace

Result<OnnxFacts> inspect_onnx(ByteView model) {
  if (model.size() > kArtefactBytesMax)
    return fail(Code::too_large,
                fmt::format("the model is {} bytes; at most {} are served", model.size(), kArtefactBytesMax));
  if (model.empty()) return not_onnx();
  return Walker().model(text_of(model));
}

}  // namespace tracseq::serving
