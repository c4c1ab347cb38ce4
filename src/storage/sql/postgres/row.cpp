// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/row.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "storage/sql/postgres/types.h"

namespace tracseq::sql::postgres {

std::string_view ResultRow::raw(int column) const {
  return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

std::int64_t ResultRow::integer(int column) const {
  const std::string_view value = raw(column);
  if (PQftype(result_, column) == kBoolType) return value == "t" ? 1 : 0;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return number;
  const double fractional = real(column);
  constexpr double kLimit = 9223372036854775808.0;
  if (std::isnan(fractional)) return 0;
  if (fractional >= kLimit) return std::numeric_limits<std::int64_t>::max();
  if (fractional < -kLimit) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(fractional);
}

double ResultRow::real(int column) const {
  const std::string_view value = raw(column);
  if (PQftype(result_, column) == kBoolType) return value == "t" ? 1 : 0;
  double number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

std::string_view ResultRow::text(int column) const {
  const std::string_view value = raw(column);
  if (PQftype(result_, column) != kBytesType || !value.starts_with("\\x")) return value;
  const auto [place, fresh] = decoded_.try_emplace(column);
  if (fresh) place->second = unhex(value.substr(2)).value_or(std::string());
  return place->second;
}

}  // namespace tracseq::sql::postgres
