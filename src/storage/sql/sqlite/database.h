// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "storage/sql/database.h"

namespace tracseq::sql::sqlite {

// Opens (or makes) the file at an absolute path and brings its schema up to date. `unsupported` on a network
// file system or for a newer schema.
Result<std::unique_ptr<Database>> open(const std::string& path, const Limits& limits);

}  // namespace tracseq::sql::sqlite
