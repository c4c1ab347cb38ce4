// SPDX-License-Identifier: MIT
// A transformation document comes from a registry, a record from anybody: what is accepted is written back
// the same, gives the number of features it says, and never a NaN. The input is the document, a zero byte,
// the record.
// Built with: domain/features/transformation.cpp domain/features/transformation_document.cpp
// Built with: domain/features/transformation_row.cpp domain/features/tokens.cpp
// Built with: domain/features/unicode_tables.cpp domain/features/string_index.cpp storage/tables/columns.cpp
// Built with: domain/features/config.cpp domain/features/target_encoding.cpp
// Built with: domain/features/cell_values.cpp storage/tables/cells.cpp
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "domain/features/tokens.h"
#include "domain/features/transformation.h"

namespace {

void check_tokens(std::string_view text) {
  std::string lowered;
  tracseq::features::lower_text(text, lowered);
  TRACSEQ_ENSURE(tracseq::is_utf8(lowered));
  const char* last = lowered.data();
  tracseq::features::each_token(lowered, [&](std::string_view token) {
    TRACSEQ_ENSURE(token.size() >= 2 && token.data() >= last);
    last = token.data() + token.size();
    TRACSEQ_ENSURE(last <= lowered.data() + lowered.size() && tracseq::is_utf8(token));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_tokens(text);
  const std::size_t end = std::min(text.find('\0'), size);
  const auto fitted = features::FittedTransformation::from_text(text.substr(0, end));
  if (!fitted) return 0;
  const std::string written = fitted->to_text();
  const auto again = features::FittedTransformation::from_text(written);
  TRACSEQ_ENSURE(again.has_value() && again->to_text() == written);
  TRACSEQ_ENSURE(fitted->output_names().size() == fitted->output_count());
  const auto record = parse_json(text.substr(std::min(end + 1, size)));
  if (!record) return 0;
  const auto row = fitted->transform_record(*record);
  if (!row) return 0;
  TRACSEQ_ENSURE(row->size() == fitted->output_count());
  for (const double value : *row) TRACSEQ_ENSURE(!std::isnan(value));
  return 0;
}
