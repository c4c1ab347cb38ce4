// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "domain/data/schema.h"
#include "domain/data/types.h"
#include "storage/tables/table_engine.h"

namespace tracseq::data {

// The columns of a file to load for an assessment: those of the schema by its types, all others by the type
// the file itself gives them, except those named in `numeric` and `text`.
std::vector<tables::LoadColumn> load_plan(const ParsedSchema& schema,
                                          const std::vector<tables::ColumnInfo>& file,
                                          const std::vector<std::string>& numeric = {},
                                          const std::vector<std::string>& text = {});

// The required columns the file does not have, in the schema's order.
std::vector<std::string> missing_columns(const ParsedSchema& schema,
                                         const std::vector<tables::ColumnInfo>& file);

// Everything that is wrong with a table, all in one report, in a few passes whose memory does not grow with
// the rows. The table was loaded by load_plan with its mismatches kept. Fills everything but ids, hash and
// time. `invalid` for a pattern that is no regular expression.
Result<QualityReport> assess(tables::Table& table, const ParsedSchema& schema,
                             const std::vector<std::string>& missing, const tables::Check& check);

}  // namespace tracseq::data
