// SPDX-License-Identifier: MIT
// What a described type reads it writes back the same, from JSON and from the text of a query or a header
// (page sizes, Last-Event-ID, times); hex and base64 have one text for each value.
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/describe.h"

namespace tracseq::fuzzing {

enum class Which { first, second };
TRACSEQ_DESCRIBE_ENUM(Which, first, second)

struct Inner {
  std::string text;
  std::optional<double> number;
};
TRACSEQ_DESCRIBE(Inner, (text, number))

struct Outer {
  std::int64_t whole = 0;
  std::int32_t half = 0;
  double real = 0;
  bool yes = false;
  Which kind = Which::first;
  std::optional<Timestamp> time;
  std::vector<Inner> items;
  std::map<std::string, std::int64_t> counts;
  Json free;
};
TRACSEQ_DESCRIBE(Outer, (whole, half, real, yes, kind, time, items, counts, free))

TRACSEQ_DEFINE_ENUM(Which)
TRACSEQ_DEFINE_TYPE(Inner, {.name = "text"}, {.name = "number"})
TRACSEQ_DEFINE_TYPE(Outer, {.name = "whole"})

namespace {

template <class T>
void check_text(std::string_view text) {
  T value{};
  if (!from_text(type_info<T>(), "field", text, &value)) return;
  const std::string written = to_json(value);
  TRACSEQ_ENSURE(is_utf8(written));
}

}  // namespace
}  // namespace tracseq::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  using namespace tracseq::fuzzing;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto unknown : {UnknownFields::refuse, UnknownFields::ignore}) {
    const auto read = from_json<Outer>(text, unknown);
    if (!read) {
      TRACSEQ_ENSURE(!read.error().message.empty());
      continue;
    }
    const std::string written = to_json(*read);
    const auto again = from_json<Outer>(written);
    TRACSEQ_ENSURE(again.has_value() && to_json(*again) == written);
  }
  check_text<std::int64_t>(text);
  check_text<std::int32_t>(text);
  check_text<double>(text);
  check_text<bool>(text);
  check_text<Timestamp>(text);
  check_text<Which>(text);
  if (const auto bytes = unhex(text))
    TRACSEQ_ENSURE(bytes->size() * 2 == size && *unhex(hex(bytes_of(*bytes))) == *bytes);
  if (const auto bytes = unbase64(text)) TRACSEQ_ENSURE(base64(bytes_of(*bytes)) == text);
  TRACSEQ_ENSURE(*unhex(hex(bytes_of(text))) == text && *unbase64(base64(bytes_of(text))) == text);
  return 0;
}
