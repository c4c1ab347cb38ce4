// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tracseq {

// Opens libtracseq_<name>.so on first use and returns the address of its function `symbol`. Looked for in
// $TRACSEQ_MODULE_DIR, beside the running program or extension, in ../lib of that. A module is never closed.
// `unsupported` names the places searched and the remedy. Thread-safe.
Result<void*> load_module(std::string_view name, const char* symbol);

// Opens any shared library by the candidates in order, with local symbols. `unsupported` if none opens.
Result<void*> open_library(std::string_view what, const std::vector<std::string>& candidates,
                           std::string_view remedy);

// The folders searched for modules, in order (for `tracseq doctor`).
std::vector<std::string> module_folders();

}  // namespace tracseq
