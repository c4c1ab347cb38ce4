// SPDX-License-Identifier: MIT
#include "cli/connect.h"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>

#include "cli/settings.h"
#include "cli/version.h"
#include "server/http_client.h"
#include "storage/sql/url.h"

namespace tracseq::cli {
namespace {

constexpr const char* kDefaultServer = "http://127.0.0.1:8080";
constexpr auto kProbe = std::chrono::milliseconds{300};

// The token from the file named, else from the settings (MLOPS_API_KEY); flags would show it to everybody on
// the machine.
Result<std::string> token_of(const Invocation& in) {
  const std::string path = in.get("token-file");
  if (path.empty()) {
    TRACSEQ_TRY(const config::Loaded settings, load_settings(in));
    return settings.config.security.api_key;
  }
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token) || token.empty())
    return fail_field("token-file", fmt::format("--token-file {} cannot be read or is empty", path));
  return token;
}

Result<std::unique_ptr<api::Client>> open_server(const Invocation& in, const std::string& url) {
  TRACSEQ_TRY(std::string token, token_of(in));
  server::HttpClientOptions options;
  options.url = url;
  options.token = std::move(token);
  options.ca_file = in.get("ca-file");
  TRACSEQ_TRY(auto client, server::HttpClient::open(std::move(options)));
  return std::unique_ptr<api::Client>(std::move(client));
}

Result<void> check_present(const std::string& url) {
  TRACSEQ_TRY(const sql::Url parsed, sql::parse_url(url));
  if (parsed.dialect != sql::Dialect::sqlite) return {};
  std::error_code error;
  const auto status = std::filesystem::status(parsed.sqlite_path, error);
  if (status.type() != std::filesystem::file_type::not_found) return {};  // opening says what else is wrong
  return fail(Code::not_found, fmt::format("there is no database {}", parsed.sqlite_path),
              "--database-url or --server name another; the first that is written makes it");
}

}  // namespace

std::vector<Option> connection_options() {
  return with({{"server", "URL", "A running server, e.g. http://127.0.0.1:8080", Takes::one, false, "",
                "MLOPS_SERVER"},
               {"database-url", "URL", "The database itself, without a server", Takes::one, false, "",
                "MLOPS_DATABASE_URL"},
               {"token-file", "FILE", "A file with the API token (or MLOPS_API_KEY)"},
               {"ca-file", "FILE", "PEM of whom to trust for https; absent: the system's"}},
              settings_options());
}

Result<std::unique_ptr<Connection>> Connection::open(const Invocation& in, Missing missing) {
  std::unique_ptr<Connection> connection(new Connection());
  std::string url = in.get("server");
  const std::string database = in.get("database-url");
  if (url.empty() && (database.starts_with("http://") || database.starts_with("https://"))) url = database;
  if (url.empty() && database.empty()) {
    TRACSEQ_TRY(auto probe, open_server(in, kDefaultServer));
    if (probe->call(api::Method::get, "/livez", {}, kProbe)) url = kDefaultServer;
  }
  TRACSEQ_TRY(const config::Loaded settings, load_settings(in, "database-url"));
  if (url.empty() && settings.config.database.url.starts_with("http")) url = settings.config.database.url;
  if (!url.empty()) {
    TRACSEQ_TRY(connection->client_, open_server(in, url));
    return connection;
  }
  if (missing == Missing::refuse) TRACSEQ_CHECK(check_present(settings.config.database.url));
  api::CoreOptions options = api::core_options(settings.config);
  options.version = kVersion;
  TRACSEQ_TRY(connection->core_, api::Core::open(options));
  connection->client_ = std::make_unique<api::LocalClient>(*connection->core_);
  return connection;
}

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~')
      out += c;
    else
      out += fmt::format("%{:02X}", byte);
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
