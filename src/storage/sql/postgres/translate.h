// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tracseq::sql::postgres {

// Numbers the parameters: `?` becomes `$1`, `$2`, …; `??` a literal question mark (an operator). Strings,
// quoted names and comments stay as they are. `count` gets the number of parameters.
std::string number_parameters(std::string_view text, int& count);

}  // namespace tracseq::sql::postgres
