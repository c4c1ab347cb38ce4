// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/http.h"
#include "cli/command.h"
#include "cli/output.h"

namespace tracseq::cli {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What most client commands do: one call, shown as a table or an object.
Result<void> show_list(const Invocation& in, const std::string& path, const std::vector<Shown>& columns,
                       const std::string& nothing);
Result<void> show_one(const Invocation& in, api::Method method, const std::string& path,
                      const std::string& body = {});

// --limit and --page-token, and the query they make with further filters.
std::vector<Option> page_options();
std::string page_query(const Invocation& in, Pairs filters = {});

// --reason, which goes into the audit trail.
Option reason_option();

}  // namespace tracseq::cli
