// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::sql::sqlite {

// Makes the missing folders of the file, durably. `unavailable` if that fails.
Result<void> make_folders(const std::string& path);
// `unsupported` if the file's folder is on a file system whose locks or shared memory cannot be relied on
// between machines: NFS, SMB, 9p, FUSE and the like. WAL needs both.
Result<void> refuse_network_file_system(const std::string& path);
// `unsupported` if the file has a second name (a hard link). SQLite keeps the journal beside the name by
// which the file was opened: under two names there are two journals, and each server overwrites the other's
// rows.
Result<void> refuse_second_name(const std::string& path);
// The name of such a file system by its magic number (statfs); empty for a local one.
std::string_view network_file_system(std::uint32_t magic) noexcept;
// Makes a new file's name survive a power cut.
Result<void> sync_folder(const std::string& folder);
// Makes a file's content survive a power cut. Not for a database that is open: closing any descriptor of it
// would drop this process's locks.
Result<void> sync_file(const std::string& path);

}  // namespace tracseq::sql::sqlite
