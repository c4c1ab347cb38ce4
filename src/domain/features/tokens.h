// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/function_ref.h"

namespace tracseq::features {

// Text in lower case as Python's str.lower() makes it, the final sigma included. Bytes that are no UTF-8
// become U+FFFD.
void lower_text(std::string_view text, std::string& out);

// Calls `visit` for each word of two or more characters, in order: scikit-learn's pattern (?u)\b\w\w+\b. The
// text is valid UTF-8, as lower_text leaves it.
void each_token(std::string_view text, FunctionRef<void(std::string_view)> visit);

}  // namespace tracseq::features
