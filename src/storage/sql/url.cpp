// SPDX-License-Identifier: MIT
#include "storage/sql/url.h"

#include <fmt/core.h>

#include <filesystem>

namespace tracseq::sql {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
constexpr std::string_view kAllowed =
    "sqlite:///relative.db, sqlite:////absolute/path.db or postgresql://user:password@host:port/database";

tl::unexpected<Error> refused(std::string_view url, std::string_view why) {
  return fail_field("database_url",
                    fmt::format("database_url '{}' {}; allowed: {}", mask_password(url), why, kAllowed));
}

}  // namespace

Result<Url> parse_url(std::string_view url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return Url{Dialect::postgres, {}};
  if (!url.starts_with(kSqlite)) return refused(url, "is of no known kind");
  const std::string_view path = url.substr(kSqlite.size());
  if (path.empty() || path.ends_with('/')) return refused(url, "names no file");
  if (path == ":memory:" || path.find('?') != std::string_view::npos ||
      path.find('\0') != std::string_view::npos)
    return refused(url, "names no plain file");
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(path), error);
  if (error)
    return fail(Code::unavailable, fmt::format("the working folder cannot be found: {}", error.message()));
  const auto normal = absolute.lexically_normal();
  if (!normal.has_filename()) return refused(url, "names no file");  // "lab/." and ".." are folders
  return Url{Dialect::sqlite, normal.string()};
}

std::string mask_password(std::string_view url) {
  std::string out(url);
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto start = scheme + 3;
  const auto host_end = std::min(out.find_first_of("/?", start), out.size());
  if (const auto at = out.rfind('@', host_end); at != std::string::npos && at >= start && at < host_end)
    if (const auto colon = out.find(':', start); colon < at) out.replace(colon + 1, at - colon - 1, "***");
  for (const std::string_view key : {"password=", "sslpassword="})
    for (auto found = out.find(key); found != std::string::npos; found = out.find(key, found + key.size())) {
      const char before = found > 0 ? out[found - 1] : '?';
      if (before != '?' && before != '&') continue;
      const auto value = found + key.size();
      const auto end = std::min(out.find('&', value), out.size());
      out.replace(value, end - value, "***");
    }
  return out;
}

}  // namespace tracseq::sql
