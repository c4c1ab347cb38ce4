// SPDX-License-Identifier: MIT
#include "cli/ready_file.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/json.h"
#include "base/replace_file.h"

namespace tracseq::cli {
namespace {

constexpr int kFieldsAfterName = 20;  // start_time is field 22; the name is field 2

Json about_this_process() {
  Json document = Json::object();
  document.set("pid", static_cast<std::int64_t>(::getpid()));
  document.set("start_time", own_start_time());
  return document;
}

}  // namespace

std::int64_t own_start_time() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');  // the name may hold anything, also brackets
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < kFieldsAfterName; ++i) fields >> field;
  return fields ? std::strtoll(field.c_str(), nullptr, 10) : 0;
}

Result<void> ReadyFile::ready(std::uint16_t port) const {
  if (path_.empty()) return {};
  Json document = about_this_process();
  document.set("port", static_cast<std::int64_t>(port));
  document.set("state", "ready");
  return replace_file(path_, dump_json(document));
}

Result<void> ReadyFile::failed(const std::string& reason) const {
  if (path_.empty()) return {};
  Json document = about_this_process();
  document.set("state", "failed");
  document.set("reason", reason);
  return replace_file(path_, dump_json(document));
}

}  // namespace tracseq::cli
