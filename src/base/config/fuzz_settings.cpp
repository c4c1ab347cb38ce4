// SPDX-License-Identifier: MIT
// Settings that are accepted have no fault, wherever they came from: a file, a variable or a flag.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config/config.h"
#include "base/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& variables = config::variables();
  const MemoryFile file(text);
  config::Sources from_file;
  from_file.path = file.path();
  from_file.environment = static_cast<config::Environment>(data[0] % 3);
  config::Sources from_variable;
  from_variable.path = "/proc/self/no such file";
  from_variable.variables[variables[data[0] % variables.size()].name] = text;
  config::Sources from_flag;
  from_flag.path = from_variable.path;
  from_flag.flags[variables[data[0] % variables.size()].key] = text;
  for (const config::Sources* sources : {&from_file, &from_variable, &from_flag}) {
    const auto loaded = config::load(*sources);
    if (loaded)
      TRACSEQ_ENSURE(config::validate(loaded->config).empty());
    else
      TRACSEQ_ENSURE(!loaded.error().message.empty());
  }
  if (const auto document = parse_json(text)) static_cast<void>(config::validate(*document));
  return 0;
}
