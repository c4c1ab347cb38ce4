// SPDX-License-Identifier: MIT
#include "cli/connect.h"

#include <fmt/core.h>

#include "cli/version.h"

namespace tracseq::cli {
namespace {

constexpr const char* kDefaultDatabase = "sqlite:///mlops.db";

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Invocation& in) {
  std::unique_ptr<Connection> connection(new Connection());
  TRACSEQ_TRY(connection->core_, api::Core::open({in.get("database-url", kDefaultDatabase), {}, {}, {}, kVersion}));
  connection->client_ = std::make_unique<api::LocalClient>(*connection->core_);
  return connection;
}

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') out += c;
    else out += fmt::format("%{:02X}", byte);
  }
  return out;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + name + "=" + encode(value);
  }
  return query;
}

}  // namespace tracseq::cli
