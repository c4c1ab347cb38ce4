// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "domain/tracking/types.h"
#include "storage/sql/database.h"

// Reading and writing a run's rows; shared by the service's calls and its list.
namespace tracseq::tracking {

// The columns of a run in FROM runs r JOIN experiments e, in the order read_runs takes them.
extern const char* const kRunColumns;

// Fills params, tags and last metrics of runs read without them, three statements for all.
Result<void> attach_details(sql::Session& session, std::vector<Run>& runs);

// One run with its details; `not_found` also for another project's.
Result<Run> load_run(sql::Session& session, const CallContext& ctx, std::string_view run_id);

Result<void> insert_run(sql::Transaction& tx, const CallContext& ctx, const Run& run);
// Adds parameters after those there are; the same value again is nothing, another one `conflict`.
Result<void> add_params(sql::Transaction& tx, const std::string& run_id, const Json& params);
Result<void> replace_tags(sql::Transaction& tx, const std::string& run_id, const std::vector<Tag>& tags);

// Names of parameters, metrics and tags: 1 to 250 bytes without control characters, no space at the ends.
bool valid_key(std::string_view key) noexcept;

}  // namespace tracseq::tracking
