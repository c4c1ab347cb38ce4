// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/call_deadline.h"
#include "storage/sql/database.h"
#include "storage/sql/statement_times.h"

// The one function libtracseq_postgres.so exports. Both sides are built together and pass C++ objects.
namespace tracseq::sql::postgres {

using Entry = bool (*)(const char* url, const Limits* limits, FindStatementTimes times,
                       FindCallDeadline call_deadline, std::unique_ptr<Database>* database, Error* error);
inline constexpr const char* kEntryName = "tracseq_postgres_open";

}  // namespace tracseq::sql::postgres
