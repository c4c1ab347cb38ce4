// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/errors.h"

#include <array>

namespace tracseq::sql::postgres {
namespace {

struct Rule {
  std::string_view prefix;  // of the SQLSTATE; the first rule that fits counts
  Code code;
  const char* message;
};
constexpr std::array kRules{
    Rule{"23505", Code::conflict, "it exists already"},
    Rule{"23P01", Code::conflict, "it exists already"},
    Rule{"23503", Code::conflict, "something it refers to does not exist, or refers to it"},
    Rule{"23", Code::invalid, "a value is outside what is allowed"},
    Rule{"22", Code::invalid, "a value is outside what the database can store"},
    Rule{"40", Code::unavailable, "the database is busy: concurrent changes kept colliding"},
    Rule{"57014", Code::deadline, "a database statement took too long"},
    Rule{"55P03", Code::unavailable, "the database is busy: a lock was not free within the time limit"},
    Rule{"53100", Code::storage_full, "the disk of the database is full"},
    Rule{"53", Code::unavailable, "the database server lacks resources"},
    Rule{"54", Code::too_large, "a value or statement is too large for the database"},
    Rule{"28", Code::unavailable, "the database server refused the login"},
    Rule{"3D", Code::unavailable, "the database does not exist on its server"},
    Rule{"25006", Code::unavailable, "the database server is read-only"},
    Rule{"42501", Code::internal, "the database user lacks a right"},
    Rule{"08", Code::unavailable, "the connection to the database was lost"},
    Rule{"57P", Code::unavailable, "the database server is shutting down or starting"},
    Rule{"58", Code::unavailable, "the database server has a system error"},
};

}  // namespace

Error error_of_state(std::string_view sqlstate, std::string detail) {
  if (sqlstate.empty())
    return {Code::unavailable, "the connection to the database was lost", std::move(detail), {}};
  for (const Rule& rule : kRules)
    if (sqlstate.starts_with(rule.prefix)) return {rule.code, rule.message, std::move(detail), {}};
  return {Code::internal, "a database statement failed", std::move(detail), {}};
}

bool worth_repeating(std::string_view sqlstate) noexcept {
  return sqlstate == "40001" || sqlstate == "40P01";
}

bool connection_lost(std::string_view sqlstate) noexcept {
  return sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

}  // namespace tracseq::sql::postgres
