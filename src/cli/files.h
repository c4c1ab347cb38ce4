// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/connect.h"

namespace tracseq::cli {

// The text of a file given as an argument; "-" is standard input. `invalid` names one that cannot be read or
// is larger than a call may be.
Result<std::string> read_text(const std::string& path);

// A table for a call that works on one: its path where the work is done on this machine, else what it was
// uploaded as (nothing is sent if the server has the content already). Members `path` or `upload_id` are set
// in the body.
Result<void> set_input(Connection& connection, const std::string& path, Json& body);

// Writes an answer's bytes to a file, which appears whole or not at all; "-" is standard output. Returns how
// many.
Result<std::uint64_t> write_answer(api::Response& response, const std::string& path);

}  // namespace tracseq::cli
