// SPDX-License-Identifier: MIT
// A database's address names a plain file or a server, and no password gets past the mask into a log.
// Built with: storage/sql/url.cpp
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "storage/sql/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& address : {text, "sqlite:///" + text}) {
    const auto url = sql::parse_url(address);
    if (url && url->dialect == sql::Dialect::sqlite) {
      TRACSEQ_ENSURE(std::filesystem::path(url->sqlite_path).is_absolute());
      TRACSEQ_ENSURE(url->sqlite_path.find('\0') == std::string::npos && !url->sqlite_path.ends_with('/'));
    }
  }
  if (text.find_first_of("/?") == std::string::npos)
    TRACSEQ_ENSURE(sql::mask_password("postgresql://user:" + text + "@host/db") ==
                   "postgresql://user:***@host/db");
  if (text.find('&') == std::string::npos)
    TRACSEQ_ENSURE(sql::mask_password("postgresql://host/db?password=" + text) ==
                   "postgresql://host/db?password=***");
  static_cast<void>(sql::mask_password(text));
  return 0;
}
