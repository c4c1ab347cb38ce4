// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"

namespace tracseq::tables {

inline constexpr std::uint64_t kLineBytesMax = 2UL << 20;  // of a text file; a field is never longer
inline constexpr std::size_t kColumnsMax = 16'384;
inline constexpr std::size_t kRaggedRowsShown = 5;

enum class FileFormat { csv, json_lines, parquet };
TRACSEQ_DESCRIBE_ENUM(FileFormat, csv, json_lines, parquet)

// A file that was read once from the first byte to the last and found sound.
struct InputFile {
  std::string path;
  std::string name;  // what its owner calls it, without folders; for messages
  FileFormat format = FileFormat::csv;
  std::uint64_t bytes = 0;
  std::string digest;          // SHA-256, hex
  char delimiter = ',';        // csv
  std::string newline = "\n";  // csv: \n, \r\n or \r
  std::vector<std::string>
      columns;             // csv: the header; json_lines: the keys in order of appearance; parquet: empty
  std::uint64_t rows = 0;  // without the header; parquet: 0, unknown here
};

// Asked now and then; an error ends the work (cancellation, deadline).
using Check = std::function<Result<void>()>;

// Reads the file, takes its digest, finds its format and dialect and refuses what cannot be read without
// guessing, in words a laboratory understands: an empty file, UTF-16 or Latin-1 text, NUL bytes, lines beyond
// kLineBytesMax, rows with more or fewer fields than the header, a quote that is never closed, a header in
// single quotes, a column name that is there twice. `not_found` if there is no such file, `invalid` for its
// content, `unsupported` for compressed files. Blank lines are passed over. Memory does not depend on the
// size of the file. `name`: what the file is called where the path is a descriptor's; its ending tells text
// formats apart.
Result<InputFile> inspect_file(const std::string& path, const Check& check = {},
                               const std::string& name = {});

}  // namespace tracseq::tables
