// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/config/config.h"

namespace tracseq::config {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path) {
  const Code code = errno == ENOSPC ? Code::storage_full : Code::unavailable;
  return fail(code, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

// What is there now; an empty object if nothing is.
Result<Json> existing(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Json::object();
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::unavailable, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  auto document = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!document || !document->is_object())
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

Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = fmt::format("{}.{}.new", path, ::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return cannot_write(path);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool kept = done == text.size() && ::fsync(fd) == 0;
  const int reason = errno;
  ::close(fd);
  if (kept && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  if (!kept) errno = reason;
  auto failed = cannot_write(path);
  ::unlink(temporary.c_str());
  return failed;
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
