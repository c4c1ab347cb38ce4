// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Files of a run that lie in a folder of the caller's: on the disk before the run's row says so.
// Errors: `storage_full` for a full disk, else `unavailable`; the message names the file.
namespace tracseq::features {

// Makes the file, writes the text and syncs it.
Result<void> write_synced(const std::string& path, std::string_view text);
// Syncs a file or a folder that is there.
Result<void> sync_path(const std::string& path);
// Moves a file, also to another file system.
Result<void> move_file(const std::string& from, const std::string& to);
// Gives a folder its name, in the place of one that has it, and syncs the folder above.
Result<void> publish_folder(const std::string& from, const std::string& to);

}  // namespace tracseq::features
