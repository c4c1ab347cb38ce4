// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <filesystem>

#include "base/config/config.h"
#include "base/replace_file.h"

namespace tracseq::config {
namespace {

// What is there now; an empty object if nothing is.
Result<Json> existing(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Json::object();
  auto document = read_settings_file(path);
  if (!document) return fail(document.error().code, document.error().message + ", so it is left as it is");
  if (!document->is_object())
    return fail(Code::invalid, fmt::format("{} is no settings file, so it is left as it is", path));
  return document;
}

void indent(std::string& out, const Json& value, int depth) {
  const Json::Object* members = value.as_object();
  if (members == nullptr || members->empty()) {
    out += dump_json(value);
    return;
  }
  const std::string margin(static_cast<std::size_t>(depth) * 2, ' ');
  out += "{\n";
  for (const auto& member : *members) {
    out += margin + "  ";
    append_json_string(out, member.first);
    out += ": ";
    indent(out, member.second, depth + 1);
    out += &member == &members->back() ? "\n" : ",\n";
  }
  out += margin + "}";
}

}  // namespace

Result<void> save(const std::string& path, const Config& config) {
  if (const auto faults = validate(config); !faults.empty()) {
    Error all{Code::invalid, "the settings are wrong: ", {}, faults.front().field};
    for (const Error& one : faults) all.message += (&one == faults.data() ? "" : "; ") + one.message;
    return fail(std::move(all));
  }
  TRACSEQ_TRY(Json document, existing(path));
  Json section = Json::object();
  const Json whole = to_document(config);
  for (const auto& [key, value] : *whole.as_object())
    if (value.is_object()) section.set(key, value);
  document.set(enum_name(config.environment), std::move(section));
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  std::string text;
  indent(text, document, 0);
  return replace_file(path, text + "\n");
}

}  // namespace tracseq::config
