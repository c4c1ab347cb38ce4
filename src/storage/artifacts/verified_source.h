// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "storage/artifacts/file.h"
#include "storage/artifacts/store.h"

namespace tracseq::artifacts {

// "… is corrupt: <why>", `internal`.
Error corrupt_content(const Location& location, const std::string& why);
bool is_corrupt(const Error& error);

// The file's bytes in the range, unverified. A file that ends early is an error.
std::unique_ptr<ByteSource> plain_source(FileHandle file, ByteRange range);

// The whole content; the last piece is handed out only after the digest matched.
std::unique_ptr<ByteSource> verified_source(FileHandle file, Location location);

// Reads the whole file once and compares its digest.
Result<void> verify_content(int file, const Location& location);

}  // namespace tracseq::artifacts
