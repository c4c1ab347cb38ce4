// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tracseq {

// Of the known words the one that is fewest slips of the pen (letters put in, left out or exchanged) from
// what was typed; empty if none is nearer than `distance_max`.
std::string nearest(std::string_view typed, const std::vector<std::string>& known,
                    std::size_t distance_max = 3);

}  // namespace tracseq
