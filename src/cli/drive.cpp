// SPDX-License-Identifier: MIT
#include "cli/drive.h"

#include <algorithm>
#include <filesystem>

#include "cli/process.h"
#include "cli/running.h"
#include "storage/sql/url.h"

namespace tracseq::cli {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";

struct Place {
  std::string url;  // absolute
  std::string log;
};

Place place_of(const api::CoreOptions& options) {
  const auto parsed = sql::parse_url(options.database_url);
  if (!parsed || parsed->dialect != sql::Dialect::sqlite)
    return {options.database_url,
            (std::filesystem::absolute(options.artifact_root).parent_path() / "driver.log").string()};
  const std::string path = std::filesystem::absolute(parsed->sqlite_path).lexically_normal().string();
  return {std::string(kSqlite) + path, path + ".driver.log"};
}

}  // namespace

Result<void> ensure_driver(Connection& connection) {
  if (connection.embedded() == nullptr) return {};
  const Place place = place_of(connection.embedded()->options());
  const std::string shown = sql::mask_password(place.url);
  const auto running = find_running();
  const bool driven = std::any_of(running.begin(), running.end(),
                                  [&](const Running& one) { return one.drives && one.database == shown; });
  if (driven) return {};
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(place.log).parent_path(), ignored);
  TRACSEQ_CHECK(Child::start_self(
      {"worker", "--drive", "--artifact-root", connection.embedded()->options().artifact_root},
      {{"MLOPS_DATABASE_URL", place.url}}, Child::Ties::outlives_parent, place.log));
  return {};
}

}  // namespace tracseq::cli
