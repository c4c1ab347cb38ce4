// SPDX-License-Identifier: MIT
#include "api/route.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(Empty)

namespace {

constexpr std::size_t kShownMax = 80;

const Field* find_field(const TypeInfo& type, std::string_view name) {
  const auto found = std::find_if(type.fields.begin(), type.fields.end(),
                                  [&](const Field& field) { return name == field.name; });
  return found == type.fields.end() ? nullptr : &*found;
}

bool is_list(const TypeInfo& type) {
  if (type.kind == Kind::optional) return is_list(type.element());
  return type.kind == Kind::array;
}

Error unknown_parameter(const TypeInfo& type, const Request& request, std::string_view name) {
  std::string allowed;
  for (const Field& field : type.fields)
    if (!request.path_params.contains(field.name))
      allowed += (allowed.empty() ? "" : ", ") + std::string(field.name);
  const std::string shown(name.substr(0, kShownMax));
  Error error{Code::invalid, {}, {}, shown};
  error.message = allowed.empty() ? fmt::format("unknown query parameter '{}'; this route takes none", shown)
                                  : fmt::format("unknown query parameter '{}'; allowed: {}", shown, allowed);
  return error;
}

Error disagree(std::string_view name) {
  return {Code::invalid, fmt::format("{} is given twice with different values", name), {}, std::string(name)};
}

// What path and query say, as members of a document. They are read through the field's own type, so that the
// body's value can be compared with them and the whole is checked once.
class Given {
 public:
  Given(const TypeInfo& type, const Request& request, void* scratch)
      : type_(type), request_(request), scratch_(scratch) {}

  Result<void> collect() {
    for (const auto& [name, value] : request_.path_params) {
      const Field* field = find_field(type_, name);
      TRACSEQ_ENSURE(field != nullptr);  // Router::add has checked it
      TRACSEQ_CHECK(take(*field, value));
    }
    for (const auto& [name, value] : request_.query) {
      const Field* field = find_field(type_, name);
      if (field == nullptr) return fail(unknown_parameter(type_, request_, name));
      TRACSEQ_CHECK(take(*field, value));
    }
    return {};
  }

  // Adds what was collected to the body's members.
  Result<void> merge_into(Json& document) {
    for (auto& [name, value] : members_) {
      if (const Json* other = document.find(name); other != nullptr && *other != value)
        return fail(disagree(name));
      document.set(name, std::move(value));
    }
    return {};
  }

 private:
  Result<void> take(const Field& field, const std::string& text) {
    const bool repeated = seen(field.name);
    if (is_list(field.type()) && !repeated)
      field.type().clear(field.get(scratch_));  // not after its defaults
    TRACSEQ_CHECK(read(field, text));
    Json value = to_document(field.type(), field.get(scratch_));
    if (!repeated) {
      members_.emplace_back(field.name, std::move(value));
      return {};
    }
    Json& earlier = std::find_if(members_.begin(), members_.end(), [&](const auto& m) {
                      return m.first == field.name;
                    })->second;
    if (!is_list(field.type()) && earlier != value) return fail(disagree(field.name));
    earlier = std::move(value);
    return {};
  }

  // An optional list is engaged once and then appended to.
  Result<void> read(const Field& field, const std::string& text) {
    const TypeInfo& type = field.type();
    void* place = field.get(scratch_);
    if (type.kind != Kind::optional || !is_list(type)) return from_text(type, field.name, text, place);
    if (type.count(place) == 0) return from_text(type, field.name, text, place);
    void* list = nullptr;
    type.each(place, &list, [](void* context, std::string_view, const void* element) {
      *static_cast<void**>(context) = const_cast<void*>(element);
    });
    return from_text(type.element(), field.name, text, list);
  }

  [[nodiscard]] bool seen(std::string_view name) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const auto& member) { return member.first == name; });
  }

  const TypeInfo& type_;
  const Request& request_;
  void* scratch_;
  Json::Object members_;
};

Result<Json> read_body(const Request& request) {
  if (request.body.empty()) return Json::object();
  TRACSEQ_TRY(Json document, parse_json(request.body, "the body"));
  if (!document.is_object()) return fail(Code::invalid, "the body must be a JSON object");
  return document;
}

}  // namespace

Result<void> read_input(const TypeInfo& type, const Request& request, BodyKind body, void* input) {
  Json document = Json::object();
  if (body == BodyKind::json) {
    TRACSEQ_TRY(document, read_body(request));
  } else if (body == BodyKind::none && !request.body.empty()) {
    return fail(Code::invalid,
                fmt::format("this route takes no body, but {} bytes came", request.body.size()));
  }
  Given given(type, request, input);
  TRACSEQ_CHECK(given.collect());
  TRACSEQ_CHECK(given.merge_into(document));
  return from_json(type, document, input);
}

}  // namespace tracseq::api
