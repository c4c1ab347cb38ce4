// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/data/types.h"
#include "storage/sql/database.h"

namespace tracseq::data {

// The stored schemas. Thread-safe; database and ledger outlive it.
class Schemas {
 public:
  Schemas(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Stores a schema under its id, or a new one where it is left out. The same schema again is the one that is
  // there; another one under the same id is `conflict`. `invalid` names what is wrong with a column or rule.
  Result<Schema> create(const CallContext& ctx, const Schema& schema);
  Result<Schema> get(const CallContext& ctx, const SchemaRef& ref);
  // Newest first.
  Result<SchemaPage> list(const CallContext& ctx, const ListSchemas& request);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::data
