// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// The text of a cell read as the type of its column, as the table engine reads it: what a file says and what
// a request says have one value (engine_test.cpp compares the two). Thread-safe; nothing where it is none.
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

}  // namespace tracseq::tables
