// SPDX-License-Identifier: MIT
// A file found sound is text that can be read: its names are UTF-8, its digest and size are those of the
// bytes. JSON lines begin with a brace, Parquet with its mark; everything else is taken for CSV.
// Built with: storage/tables/inspect.cpp storage/tables/csv_scan.cpp
#include <cstdint>
#include <string_view>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory_file.h"
#include "storage/tables/inspect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const MemoryFile file(text);
  const auto found = tables::inspect_file(file.path());
  if (!found) {
    TRACSEQ_ENSURE(!found.error().message.empty() && is_utf8(found.error().message));
    return 0;
  }
  TRACSEQ_ENSURE(found->bytes == size && found->digest == sha256_hex(bytes_of(text)));
  if (found->format == tables::FileFormat::parquet) return 0;
  TRACSEQ_ENSURE(is_utf8(text) && found->columns.size() <= tables::kColumnsMax);
  TRACSEQ_ENSURE(found->format == tables::FileFormat::json_lines || !found->columns.empty());
  for (const auto& name : found->columns) TRACSEQ_ENSURE(is_utf8(name));
  return 0;
}
