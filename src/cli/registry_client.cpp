// SPDX-License-Identifier: MIT
#include "cli/registry_client.h"

#include <fmt/core.h>

#include "server/http_client.h"
#include "storage/sql/url.h"

namespace tracseq::cli {
namespace {

bool is_server(std::string_view url) { return url.starts_with("http://") || url.starts_with("https://"); }
bool is_database(std::string_view url) {
  return url.starts_with("sqlite:") || url.starts_with("postgresql:") || url.starts_with("postgres:");
}

}  // namespace

Result<std::unique_ptr<RegistryClient>> RegistryClient::make(api::CoreOptions options, std::string token) {
  const std::string& url = options.database_url;
  if (!is_server(url) && !is_database(url))
    return fail_field("registry-url",
                      fmt::format("--registry-url is '{}'; it must be sqlite:///file.db, postgresql://…, "
                                  "http://… or https://…",
                                  sql::mask_password(url)));
  std::unique_ptr<RegistryClient> registry(new RegistryClient(std::move(options)));
  if (is_server(registry->options_.database_url)) TRACSEQ_CHECK(registry->use_token(std::move(token)));
  return registry;
}

Result<void> RegistryClient::use_token(std::string token) {
  if (!is_server(options_.database_url)) return {};
  server::HttpClientOptions server;
  server.url = options_.database_url;
  server.token = std::move(token);
  TRACSEQ_TRY(auto client, server::HttpClient::open(std::move(server)));
  const Lock lock(mutex_);
  ready_.store(client.get(), std::memory_order_release);
  clients_.push_back(std::move(client));
  return {};
}

Result<api::Client*> RegistryClient::client() {
  if (api::Client* ready = ready_.load(std::memory_order_acquire); ready != nullptr) return ready;
  const Lock lock(mutex_);
  if (clients_.empty()) {
    TRACSEQ_TRY(core_, api::Core::open(options_));
    clients_.push_back(std::make_unique<api::LocalClient>(*core_));
    ready_.store(clients_.back().get(), std::memory_order_release);
  }
  return clients_.back().get();
}

Result<api::Response> RegistryClient::send(api::Request request, std::chrono::milliseconds timeout) {
  TRACSEQ_TRY(api::Client* const client, this->client());
  return client->send(std::move(request), timeout);
}

}  // namespace tracseq::cli
