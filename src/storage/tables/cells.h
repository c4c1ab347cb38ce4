// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

// The text of a cell read as the type of its column, as the table engine reads it: what a file says and what
// a request says have one value (engine_test.cpp compares the two). Thread-safe; nothing where it is none.
// Of times alone the engine takes more texts than are taken here.
namespace tracseq::tables {

// true, t, yes, y, 1 and false, f, no, n, 0, in upper or lower case; no blanks around them.
std::optional<bool> boolean_cell(std::string_view text) noexcept;
// A decimal number, blanks around it allowed; inf, infinity and nan in any case. Beyond the largest double:
// inf.
std::optional<double> number_cell(std::string_view text);
// A number without a fraction that 64 bits hold: 3, 3.0 and 3e0 are 3.
std::optional<std::int64_t> integer_cell(std::string_view text);
// The same of a double.
std::optional<std::int64_t> integer_of(double number) noexcept;
// 2026-01-31T12:00:00.5+02:00, as RFC 3339 has it, with upper-case T and Z: a space may stand for the T, the
// colon of the offset may lack; without an offset it is UTC and the seconds may lack; a day alone is its
// midnight. Years 0001 to 9999; digits beyond microseconds are cut.
std::optional<Timestamp> timestamp_cell(std::string_view text);
// "nan" in any case: a missing value in every column that is none of texts.
bool nan_cell(std::string_view text) noexcept;

}  // namespace tracseq::tables
