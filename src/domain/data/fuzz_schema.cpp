// SPDX-License-Identifier: MIT
// A schema that is accepted finds each of its columns; a page token is read as it was written.
// Built with: domain/data/schema.cpp domain/data/types.cpp storage/tables/columns.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/data/paging.h"
#include "domain/data/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto place = data::PagePlace::from_token(text); place && !text.empty()) {
    const auto again =
        data::PagePlace::from_token(data::PagePlace::token(Timestamp{place->time_us}, place->id));
    TRACSEQ_ENSURE(again && again->time_us == place->time_us && again->id == place->id);
  }
  const auto schema = from_json<data::Schema>(text, UnknownFields::ignore);
  if (!schema) return 0;
  const auto parsed = data::parse_schema(*schema);
  if (!parsed) {
    TRACSEQ_ENSURE(!parsed.error().message.empty());
    return 0;
  }
  for (const data::ColumnRule& column : parsed->columns) TRACSEQ_ENSURE(parsed->find(column.name) == &column);
  return 0;
}
