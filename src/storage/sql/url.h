// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/mask.h"
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

using tracseq::mask_password;

}  // namespace tracseq::sql
