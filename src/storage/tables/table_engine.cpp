// SPDX-License-Identifier: MIT
#include "storage/tables/table_engine.h"

#include "base/module.h"

namespace tracseq::tables {
namespace {

std::string quoted(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out.push_back(mark);
    out.push_back(c);
  }
  out.push_back(mark);
  return out;
}

}  // namespace

Result<TableEngine*> table_engine() {
  TRACSEQ_TRY(void* const symbol, load_module("duckdb", kEngineEntry));
  return reinterpret_cast<TableEngine* (*)()>(symbol)();
}

std::string quote(std::string_view text) { return quoted(text, '\''); }
std::string quote_name(std::string_view name) { return quoted(name, '"'); }

}  // namespace tracseq::tables
