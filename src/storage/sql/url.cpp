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

}  // namespace tracseq::sql
