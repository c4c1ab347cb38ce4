// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/translate.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::sql::postgres {
namespace {

// The length of the string, quoted name or comment that starts the text; 0 if none does.
std::size_t opaque_length(std::string_view text) {
  const auto through = [&](std::string_view end, std::size_t from) {
    const auto found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  // A doubled quote ends one string and starts the next: together they are still opaque.
  if (text.front() == '\'') return through("'", 1);
  if (text.front() == '"') return through("\"", 1);
  if (text.starts_with("--")) return through("\n", 2);
  if (text.starts_with("/*")) return through("*/", 2);
  return 0;
}

}  // namespace

std::string number_parameters(std::string_view text, int& count) {
  std::string out;
  out.reserve(text.size() + 16);
  count = 0;
  while (!text.empty()) {
    if (const std::size_t opaque = opaque_length(text); opaque > 0) {
      out += text.substr(0, opaque);
      text.remove_prefix(opaque);
    } else if (text.starts_with("??")) {
      out += '?';
      text.remove_prefix(2);
    } else if (text.front() == '?') {
      out += fmt::format("${}", ++count);
      text.remove_prefix(1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace tracseq::sql::postgres
