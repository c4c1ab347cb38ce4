// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "storage/sql/migrations.h"
#include "storage/sql/postgres/connection.h"

namespace tracseq::sql::postgres {

// Applies the steps the database lacks, all in one transaction, one process at a time. The schema named first
// in the URL's search_path is made if it does not exist.
Result<void> bring_up_to_date(Connection& connection, std::span<const Migration> known);

}  // namespace tracseq::sql::postgres
