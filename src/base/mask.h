// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tracseq {

// The URL with its password replaced by stars, also one given as a parameter. For messages, logs and pages.
std::string mask_password(std::string_view url);

}  // namespace tracseq
