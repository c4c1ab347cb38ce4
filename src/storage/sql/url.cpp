// SPDX-License-Identifier: MIT
#include "storage/sql/url.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

namespace tracseq::sql {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
constexpr std::string_view kAllowed =
    "sqlite:///relative.db, sqlite:////absolute/path.db or postgresql://user:password@host:port/database";
constexpr int kLinksMax = 40;  // as the kernel has it

tl::unexpected<Error> refused(std::string_view url, std::string_view why) {
  return fail_field("database_url",
                    fmt::format("database_url '{}' {}; allowed: {}", mask_password(url), why, kAllowed));
}

// The file itself, whatever links lead to it, also one whose target is yet to be made: the journal, the turns
// and the server's lock stand beside it under its name, and are the same for everybody only if the name is.
Result<std::filesystem::path> follow_links(std::filesystem::path name) {
  std::error_code error;
  for (int followed = 0; followed < kLinksMax; ++followed) {
    const auto folder = std::filesystem::weakly_canonical(name.parent_path(), error);
    if (error) break;
    auto file = folder / name.filename();
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(file, error))) {
      if (!error || error == std::errc::no_such_file_or_directory) return file;
      break;
    }
    name = folder / std::filesystem::read_symlink(file, error);
    if (error) break;
  }
  return fail(Code::unavailable, fmt::format("the database file {} cannot be reached: {}", name.string(),
                                             error ? error.message() : "too many symbolic links"));
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
  if (!absolute.lexically_normal().has_filename())
    return refused(url, "names no file");  // "lab/." and ".." are folders
  TRACSEQ_TRY(const auto file, follow_links(absolute));
  if (std::filesystem::is_directory(file, error)) return refused(url, "names a folder");
  return Url{Dialect::sqlite, file.string()};
}

}  // namespace tracseq::sql
