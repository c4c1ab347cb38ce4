// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"

namespace tracseq::cli {

struct Shown {
  std::string header;
  std::string path;  // member of each item; dots go deeper ("metrics.auc")
};

// An answer: as it is with --json, else a table of its `items` (aligned; a line that says so when there are
// none).
void print_list(const Invocation& in, const std::string& body, const std::vector<Shown>& columns,
                const std::string& nothing);
// One object: as it is with --json, else one "name  value" line per member, and after them a table of each
// member that holds objects, as a list or by name.
void print_object(const Invocation& in, const std::string& body);
// A line on standard error, unless --quiet.
void say(const Invocation& in, const std::string& text);
// A progress line that overwrites itself on a terminal and is silent elsewhere. `end_progress` leaves the
// line.
void show_progress(const Invocation& in, double fraction, const std::string& message);
void end_progress(const Invocation& in);

}  // namespace tracseq::cli
