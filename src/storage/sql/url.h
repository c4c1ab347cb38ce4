// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "storage/sql/database.h"

namespace tracseq::sql {

struct Url {
  Dialect dialect = Dialect::sqlite;
  std::string sqlite_path;  // absolute, without symbolic links; empty for PostgreSQL
};

// `sqlite:///relative.db` (against the working folder of now), `sqlite:////absolute.db`, `postgresql://…` or
// `postgres://…` as libpq reads it. `invalid` for anything else, a folder included; `unavailable` if a
// symbolic link on the way cannot be followed.
Result<Url> parse_url(std::string_view url);

// The URL with its password replaced by stars, also one given as a parameter. For logs and pages.
std::string mask_password(std::string_view url);

}  // namespace tracseq::sql
