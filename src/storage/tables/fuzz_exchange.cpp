// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>

#include "storage/tables/exchange.h"

// A columnar file from somebody else's function: refused or read, never read beyond its bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto source = tracseq::tables::ExchangeSource::of(bytes);
  if (!source) return 0;
  auto reader = (*source)->open({});
  if (!reader) return 0;
  while (true) {
    const auto batch = (*reader)->next();
    if (!batch || *batch == nullptr) return 0;
    for (const auto& column : (*batch)->columns)
      for (std::size_t r = 0; r < (*batch)->rows; ++r)
        if (column.present(r)) (void)tracseq::tables::value_text(column, r);
  }
}
