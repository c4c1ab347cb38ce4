// SPDX-License-Identifier: MIT
// Page tokens, semantic versions and names: what is let in comes back the same, and a version that follows
// others is none of them.
// Built with: domain/registry/page_token.cpp domain/registry/rules.cpp domain/registry/types.cpp
// Built with: storage/artifacts/path.cpp
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/registry/page_token.h"
#include "domain/registry/rules.h"

using namespace tracseq;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto place = registry::page_place(std::string(text))) {
    const auto again = registry::page_place(size == 0 ? std::string() : registry::page_token(*place));
    TRACSEQ_ENSURE(again && again->created_us == place->created_us && again->number == place->number &&
                   again->model_id == place->model_id);
  }
  if (registry::check_model_id(text)) TRACSEQ_ENSURE(text.find_first_of(":/") == std::string_view::npos);
  static_cast<void>(registry::check_version(text));
  std::vector<std::string> versions;  // one a line
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    versions.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  const std::string next = registry::next_version(versions);
  for (const std::string& version : versions) TRACSEQ_ENSURE(version != next);
  TRACSEQ_ENSURE(registry::check_version(next).has_value());
  return 0;
}
