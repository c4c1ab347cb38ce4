// SPDX-License-Identifier: MIT
// The OpenAPI 3.1 document: a loop over the route table and the tables of the described types.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "api/router.h"

namespace tracseq::api {
namespace {

// A type that is read is looser than the same type written: only `required` fields must be there, where an
// answer holds every field that is not optional.
enum class Use { read, written };

Json object(std::initializer_list<std::pair<const char*, Json>> members) {
  Json out = Json::object();
  for (const auto& [name, value] : members) out.set(name, value);
  return out;
}

Json list(std::vector<std::string> items) {
  Json out = Json::array();
  for (std::string& item : items) out.push_back(std::move(item));
  return out;
}

class Schemas {
 public:
  Schemas() {
    components_["Double"] = object(
        {{"description", "A double; the three values JSON has no number for are strings."},
         {"oneOf",
          Json::Array{object({{"type", "number"}, {"format", "double"}}),
                      object({{"type", "string"}, {"enum", list({"NaN", "Infinity", "-Infinity"})}})}}});
  }

  Json of(const TypeInfo& type, Use use) {
    switch (type.kind) {
      case Kind::boolean:
        return object({{"type", "boolean"}});
      case Kind::int32:
        return object({{"type", "integer"}, {"format", "int32"}});
      case Kind::int64:
        return object({{"type", "integer"}, {"format", "int64"}});
      case Kind::float64:
        return reference("Double");
      case Kind::string:
        return object({{"type", "string"}});
      case Kind::timestamp:
        return object({{"type", "string"}, {"format", "date-time"}});
      case Kind::blob:
        return object({{"type", "string"}, {"contentEncoding", "base64"}});
      case Kind::json:
        return object({{"description", "Any JSON value."}});
      case Kind::optional:
        return of(type.element(), use);
      case Kind::array:
        return object({{"type", "array"}, {"items", of(type.element(), use)}});
      case Kind::map:
        return object({{"type", "object"}, {"additionalProperties", of(type.element(), use)}});
      case Kind::enumeration:
      case Kind::object:
        break;
    }
    return component(type, use);
  }

  // The schema of a field: its type with what its document says.
  Json of_field(const Field& field, Use use) {
    Json schema = of(field.type(), use);
    const FieldDoc& doc = field.doc;
    if (*doc.text != '\0') schema.set("description", doc.text);
    if (std::isfinite(doc.min)) schema.set("minimum", bound(doc.min));
    if (std::isfinite(doc.max)) schema.set("maximum", bound(doc.max));
    const TypeInfo& type = field.type().kind == Kind::optional ? field.type().element() : field.type();
    const bool text = type.kind == Kind::string;
    if (doc.length_min > 0) schema.set(text ? "minLength" : "minItems", doc.length_min);
    if (doc.length_max != FieldDoc{}.length_max) schema.set(text ? "maxLength" : "maxItems", doc.length_max);
    if (doc.secret) schema.set("writeOnly", true);
    return schema;
  }

  // The object schema of the fields for which `keep` holds.
  template <class F>
  Json of_fields(const TypeInfo& type, Use use, F keep) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const Field& field : type.fields) {
      if (!keep(field)) continue;
      properties.set(field.name, of_field(field, use));
      if (use == Use::written ? field.type().kind != Kind::optional : field.doc.required)
        required.push_back(field.name);
    }
    Json schema = object({{"type", "object"}, {"properties", std::move(properties)}});
    if (!required.as_array()->empty()) schema.set("required", std::move(required));
    if (use == Use::read) schema.set("additionalProperties", false);
    return schema;
  }

  static Json reference(const std::string& name) {
    return object({{"$ref", "#/components/schemas/" + name}});
  }

  [[nodiscard]] Json components() const {
    Json out = Json::object();
    for (const auto& [name, schema] : components_) out.set(name, schema);
    return out;
  }

 private:
  static Json bound(double value) {
    return std::trunc(value) == value && std::abs(value) < 9e15 ? Json(static_cast<std::int64_t>(value))
                                                                : Json(value);
  }

  Json component(const TypeInfo& type, Use use) {
    if (type.kind == Kind::enumeration) use = Use::written;  // the same either way
    const auto key = std::pair(&type, use);
    if (const auto found = names_.find(key); found != names_.end()) return reference(found->second);
    const std::string name = free_name(std::string(type.name) + (use == Use::read ? "Input" : ""));
    names_[key] = name;
    components_[name] = Json();  // taken: a type may hold itself
    if (type.kind == Kind::enumeration) {
      Json names = Json::array();
      for (const Enumerator& entry : type.enumerators) names.push_back(entry.name);
      components_[name] = object({{"type", "string"}, {"enum", std::move(names)}});
    } else {
      components_[name] = of_fields(type, use, [](const Field&) { return true; });
    }
    return reference(name);
  }

  // Types of different namespaces may share a name.
  std::string free_name(const std::string& wanted) const {
    std::string name = wanted;
    for (int i = 2; components_.contains(name); ++i) name = wanted + std::to_string(i);
    return name;
  }

  std::map<std::string, Json> components_;
  std::map<std::pair<const TypeInfo*, Use>, std::string> names_;
};

std::vector<std::string> path_parameters(std::string_view path) {
  std::vector<std::string> names;
  for (std::size_t open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    std::string_view name = path.substr(open + 1, path.find('}', open) - open - 1);
    if (name.ends_with("...")) name.remove_suffix(3);
    names.emplace_back(name);
  }
  return names;
}

// OpenAPI has no name for a tail; the dots are left out.
std::string openapi_path(std::string path) {
  if (const auto dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

std::string lower_method(Method method) {
  std::string name(method_name(method));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  return name;
}

std::vector<std::string> words_of(std::string_view path) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

// "get_runs_run_id_metrics": method and path, without the common prefix. Unique because the pair is.
std::string operation_id(const Route& route) {
  std::string_view path = route.path;
  if (path.starts_with("/api/v1/")) path.remove_prefix(8);
  std::string id = lower_method(route.method);
  for (const std::string& word : words_of(path)) id += '_' + word;
  return id;
}

std::string tag_of(const Route& route) {
  std::vector<std::string> words = words_of(route.path);
  if (!route.path.starts_with("/api/v1/") || words.size() < 3) return "system";
  return words[2];
}

Json parameter(Schemas& schemas, const Field& field, const char* place) {
  Json schema = schemas.of_field(field, Use::read);
  Json out = object({{"name", field.name}, {"in", place}});
  if (*field.doc.text != '\0') out.set("description", field.doc.text);
  if (std::string_view(place) == "path" || field.doc.required) out.set("required", true);
  out.set("schema", std::move(schema));
  return out;
}

void add_input(Schemas& schemas, const Route& route, Json& operation) {
  if (route.input == nullptr) return;
  const auto in_path = path_parameters(route.path);
  const auto is_path = [&](const Field& field) {
    return std::find(in_path.begin(), in_path.end(), field.name) != in_path.end();
  };
  Json parameters = Json::array();
  bool rest = false;
  for (const Field& field : route.input->fields) {
    if (is_path(field))
      parameters.push_back(parameter(schemas, field, "path"));
    else if (route.body != BodyKind::json)
      parameters.push_back(parameter(schemas, field, "query"));
    else
      rest = true;
  }
  if (!parameters.as_array()->empty()) operation.set("parameters", std::move(parameters));
  if (!rest) return;
  Json schema = in_path.empty() ? schemas.of(*route.input, Use::read)
                                : schemas.of_fields(*route.input, Use::read,
                                                    [&](const Field& field) { return !is_path(field); });
  operation.set(
      "requestBody",
      object({{"required", true},
              {"content", object({{"application/json", object({{"schema", std::move(schema)}})}})}}));
}

Json responses(Schemas& schemas, const Route& route) {
  Json content =
      route.output != nullptr
          ? object({{"application/json", object({{"schema", schemas.of(*route.output, Use::written)}})}})
          : object({{route.produces.c_str(), object({{"schema", object({{"type", "string"}})}})}});
  Json out = Json::object();
  out.set(std::to_string(route.status),
          object({{"description", "Success"}, {"content", std::move(content)}}));
  const Json error = object({{"$ref", "#/components/responses/Error"}});
  if (route.input != nullptr) out.set("400", error);
  if (route.permission != "public") {
    out.set("401", error);
    out.set("403", error);
  }
  if (route.path.find('{') != std::string::npos) out.set("404", error);
  if (route.effect != Effect::reads) out.set("409", error);
  if (route.body != BodyKind::none) out.set("413", error);
  out.set("default", error);
  return out;
}

const char* effect_name(Effect effect) {
  switch (effect) {
    case Effect::reads:
      return "reads";
    case Effect::changes:
      return "changes";
    case Effect::appends:
      break;
  }
  return "appends";
}

Json operation(Schemas& schemas, const Route& route) {
  Json out = object(
      {{"operationId", operation_id(route)}, {"summary", route.summary}, {"tags", list({tag_of(route)})}});
  add_input(schemas, route, out);
  if (route.body == BodyKind::stream || route.body == BodyKind::bytes) {
    const Json bytes =
        object({{"schema", object({{"type", "string"}, {"contentMediaType", "application/octet-stream"}})}});
    out.set("requestBody",
            object({{"required", true}, {"content", object({{"application/octet-stream", bytes}})}}));
  }
  out.set("responses", responses(schemas, route));
  if (route.permission == "public") out.set("security", Json::array());
  out.set("x-permission", route.permission);
  out.set("x-effect", effect_name(route.effect));
  return out;
}

Json error_schema() {
  Json codes = Json::array();
  for (const Code code : {Code::invalid, Code::unauthenticated, Code::forbidden, Code::not_found,
                          Code::conflict, Code::too_large, Code::precondition_failed, Code::unprocessable,
                          Code::resource_exhausted, Code::cancelled, Code::internal, Code::unsupported,
                          Code::unavailable, Code::deadline, Code::storage_full})
    codes.push_back(code_name(code));
  const Json text = object({{"type", "string"}});
  const Json inner = object({{"type", "object"},
                             {"properties", object({{"code", object({{"type", "string"}, {"enum", codes}})},
                                                    {"message", text},
                                                    {"field", text},
                                                    {"request_id", text}})},
                             {"required", list({"code", "message", "request_id"})}});
  return object(
      {{"type", "object"}, {"properties", object({{"error", inner}})}, {"required", list({"error"})}});
}

}  // namespace

std::string openapi_document(const Router& router, std::string_view version) {
  Schemas schemas;
  std::map<std::string, Json> paths;
  for (const Route& route : router.routes()) {
    Json& item = paths[openapi_path(route.path)];
    item.set(lower_method(route.method), operation(schemas, route));
  }
  Json path_items = Json::object();
  for (auto& [path, item] : paths) path_items.set(path, std::move(item));
  Json components = schemas.components();
  components.set("ErrorBody", error_schema());
  const Json error = object(
      {{"description", "The call failed; nothing was changed."},
       {"content", object({{"application/json", object({{"schema", Schemas::reference("ErrorBody")}})}})}});
  const Json token = object(
      {{"type", "http"}, {"scheme", "bearer"}, {"description", "An API token, shown once when it is made."}});
  Json document = object({{"openapi", "3.1.0"}});
  document.set("info", object({{"title", "TracSeq MLOps"},
                               {"version", version},
                               {"license", object({{"name", "MIT"}, {"identifier", "MIT"}})}}));
  document.set("security", Json::Array{object({{"token", Json::array()}})});
  document.set("paths", std::move(path_items));
  document.set("components", object({{"schemas", std::move(components)},
                                     {"responses", object({{"Error", error}})},
                                     {"securitySchemes", object({{"token", token}})}}));
  return dump_json(document);
}

}  // namespace tracseq::api
