// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq {

// Puts the text into a file in one step: whoever reads it, also after a power cut, finds the old text or the
// new one. Readable by its owner alone; a link that stands there is replaced, not followed. The folder must
// exist. `storage_full` on a full disk, else `unavailable`, naming the file.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace tracseq
