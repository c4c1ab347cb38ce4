// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include "storage/sql/sqlite/connection.h"

namespace tracseq::sql::sqlite {
namespace {

Error constraint(int extended, const std::string& text) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {Code::conflict, "it exists already", text, {}};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {Code::conflict, "something it refers to does not exist, or refers to it", text, {}};
    default:
      return {Code::invalid, "a value is outside what is allowed", text, {}};
  }
}

}  // namespace

Error error_of(sqlite3* handle, int code, const char* statement) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  const int system = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  std::string text = fmt::format("{}: SQLite {} ({})", statement != nullptr ? statement : "-",
                                 handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code), extended);
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return constraint(extended, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::unavailable, "the database is busy: another program holds its lock", text, {}};
    case SQLITE_INTERRUPT:
      return {Code::deadline, "a database statement took too long", text, {}};
    case SQLITE_TOOBIG:
      return {Code::too_large, "a value is too large for the database", text, {}};
    case SQLITE_FULL:
      return {Code::storage_full, "the disk of the database is full", text, {}};
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      if (system != 0) text += fmt::format(": {}", std::strerror(system));
      if (system == ENOSPC || system == EDQUOT)
        return {Code::storage_full, "the disk of the database is full", text, {}};
      return {Code::unavailable, "the database file cannot be read or written", text, {}};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::internal, "the database file is damaged or is no SQLite database", text, {}};
    default:
      return {Code::internal, "a database statement failed", text, {}};
  }
}

}  // namespace tracseq::sql::sqlite
