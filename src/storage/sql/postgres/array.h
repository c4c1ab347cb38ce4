// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "storage/sql/value.h"

namespace tracseq::sql::postgres {

// Elements [first, first + count) of a column in PostgreSQL's binary form of a one-dimensional array: doubles
// keep every bit. `invalid` for a text with U+0000.
Result<std::string> binary_array(const Column& column, std::size_t first, std::size_t count);
// The SQL type of such an array, e.g. "bigint[]".
const char* array_type(const Column& column);

}  // namespace tracseq::sql::postgres
