// SPDX-License-Identifier: MIT
// /docs/api: the OpenAPI document as one HTML page.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "api/system_routes.h"
#include "base/json.h"

namespace tracseq::api {
namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--line:#8884;--soft:#8881;--link:light-dark(#0b5cad,#7ab8ff)}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}"
    "h1{margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}h3{margin:1.75rem 0 "
    ".25rem;font-size:1rem}"
    "a{color:var(--link)}code{font:.9em ui-monospace,monospace}nav ul{columns:14rem;padding-left:1rem}"
    ".method{display:inline-block;min-width:3.7rem;font-weight:700}.note{opacity:.75;font-size:.9rem;margin:."
    "1rem 0}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}"
    "td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid "
    "var(--line);font-size:.9rem}"
    "@media (max-width:40rem){td,th{display:block;border:0;padding:.1rem "
    "0}tr{display:block;border-bottom:1px solid var(--line)}}";

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string text_of(const Json& node, std::string_view key) {
  const Json* value = node.find(key);
  return value != nullptr ? value->string_or("") : std::string();
}

// A schema in a few words; named ones are links to their table.
std::string words_of(const Json& schema) {
  if (const std::string reference = text_of(schema, "$ref"); !reference.empty()) {
    const std::string name = escape(reference.substr(reference.rfind('/') + 1));
    return fmt::format("<a href=\"#schema-{0}\">{0}</a>", name);
  }
  const std::string type = text_of(schema, "type");
  if (type == "array" && schema.find("items") != nullptr) return "list of " + words_of(*schema.find("items"));
  if (const Json* values = schema.find("additionalProperties"); values != nullptr && values->is_object())
    return "map of " + words_of(*values);
  if (const Json* names = schema.find("enum"); names != nullptr && names->is_array()) {
    std::string out;
    for (const Json& name : *names->as_array())
      out += (out.empty() ? "<code>" : " · <code>") + escape(name.string_or("")) + "</code>";
    return out;
  }
  if (schema.find("oneOf") != nullptr)
    return "number, or one of <code>NaN</code> <code>Infinity</code> <code>-Infinity</code>";
  const std::string format = text_of(schema, "format");
  if (type.empty()) return "any JSON";
  return escape(format.empty() ? type : type + " (" + format + ")");
}

std::string bounds_of(const Json& schema) {
  std::string out;
  for (const auto& [key, words] : {std::pair{"minimum", "at least"},
                                   {"maximum", "at most"},
                                   {"minLength", "length at least"},
                                   {"maxLength", "length at most"},
                                   {"minItems", "items at least"},
                                   {"maxItems", "items at most"}})
    if (const Json* bound = schema.find(key)) out += fmt::format(" {} {};", words, dump_json(*bound));
  if (!out.empty()) out.pop_back();
  return out;
}

std::string row(const std::string& name, const std::string& place, const Json& schema, bool required) {
  return fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}{}</td><td>{}{}</td></tr>\n", escape(name),
                     words_of(schema), place, required ? (place.empty() ? "required" : ", required") : "",
                     escape(text_of(schema, "description")), escape(bounds_of(schema)));
}

std::string property_rows(const Json& schema, const std::string& place) {
  std::string out;
  const Json* properties = schema.find("properties");
  if (properties == nullptr || !properties->is_object()) return out;
  const Json* required = schema.find("required");
  for (const auto& [name, property] : *properties->as_object()) {
    const bool needed = required != nullptr && required->is_array() &&
                        std::find(required->as_array()->begin(), required->as_array()->end(), Json(name)) !=
                            required->as_array()->end();
    out += row(name, place, property, needed);
  }
  return out;
}

const Json* first_schema(const Json* content) {
  if (content == nullptr || !content->is_object() || content->as_object()->empty()) return nullptr;
  return content->as_object()->front().second.find("schema");
}

std::string operation_section(const std::string& method, const std::string& path, const Json& operation) {
  std::string upper = method;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string out = fmt::format(
      "<h3 id=\"{}\"><span class=\"method\">{}</span> <code>{}</code></h3>\n<p>{}.</p>\n",
      escape(text_of(operation, "operationId")), upper, escape(path), escape(text_of(operation, "summary")));
  out += fmt::format("<p class=\"note\">Permission <code>{}</code> · {}</p>\n",
                     escape(text_of(operation, "x-permission")), escape(text_of(operation, "x-effect")));
  std::string rows;
  if (const Json* parameters = operation.find("parameters"))
    for (const Json& parameter : *parameters->as_array())
      rows += row(text_of(parameter, "name"), text_of(parameter, "in"), *parameter.find("schema"),
                  parameter.find("required") != nullptr);
  const Json* request = operation.find("requestBody");
  const Json* body = request != nullptr ? first_schema(request->find("content")) : nullptr;
  if (body != nullptr && body->find("properties") != nullptr) rows += property_rows(*body, "body");
  if (!rows.empty())
    out +=
        "<table><tr><th>Field</th><th>Type</th><th>Where</th><th>Meaning</th></tr>\n" + rows + "</table>\n";
  if (body != nullptr && body->find("properties") == nullptr) out += "<p>Body: " + words_of(*body) + "</p>\n";
  for (const auto& [status, response] : *operation.find("responses")->as_object())
    if (const Json* schema = status.starts_with('2') ? first_schema(response.find("content")) : nullptr)
      out += fmt::format("<p>Answers <code>{}</code>: {}</p>\n", status, words_of(*schema));
  return out;
}

}  // namespace

std::string reference_page(const std::string& openapi) {
  const auto document = parse_json(openapi);
  TRACSEQ_ENSURE(document.has_value());
  std::map<std::string, std::string> sections;
  for (const auto& [path, item] : *document->find("paths")->as_object())
    for (const auto& [method, operation] : *item.as_object())
      sections[operation.find("tags")->as_array()->front().string_or("")] +=
          operation_section(method, path, operation);
  std::string contents;
  std::string body;
  for (const auto& [tag, text] : sections) {
    contents += fmt::format("<li><a href=\"#tag-{0}\">{0}</a></li>", escape(tag));
    body += fmt::format("<h2 id=\"tag-{0}\">{0}</h2>\n{1}", escape(tag), text);
  }
  body += "<h2 id=\"schemas\">Schemas</h2>\n";
  for (const auto& [name, schema] : *document->find("components")->find("schemas")->as_object()) {
    body += fmt::format("<h3 id=\"schema-{0}\"><code>{0}</code></h3>\n", escape(name));
    const std::string rows = property_rows(schema, {});
    body += rows.empty() ? "<p>" + words_of(schema) + "</p>\n"
                         : "<table><tr><th>Field</th><th>Type</th><th></th><th>Meaning</th></tr>\n" + rows +
                               "</table>\n";
  }
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">"
      "<title>TracSeq MLOps API</title><link rel=\"stylesheet\" href=\"/docs/api.css\"></head><body>"
      "<h1>TracSeq MLOps API</h1><p class=\"note\">Version {} · <a href=\"/openapi.json\">OpenAPI 3.1</a></p>"
      "<nav><ul>{}<li><a href=\"#schemas\">Schemas</a></li></ul></nav>\n{}</body></html>",
      escape(text_of(*document->find("info"), "version")), contents, body);
}

std::string_view reference_style() { return kStyle; }

}  // namespace tracseq::api
