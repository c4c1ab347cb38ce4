// SPDX-License-Identifier: MIT
#include "cli/registry_client.h"

#include <fmt/core.h>

#include "cli/version.h"
#include "server/http_client.h"

namespace tracseq::cli {
namespace {

bool is_server(std::string_view url) { return url.starts_with("http://") || url.starts_with("https://"); }
bool is_database(std::string_view url) {
  return url.starts_with("sqlite:") || url.starts_with("postgresql:") || url.starts_with("postgres:");
}

}  // namespace

Result<std::unique_ptr<RegistryClient>> RegistryClient::make(std::string url, std::string token) {
  if (!is_server(url) && !is_database(url))
    return fail_field("registry-url",
                      fmt::format("--registry-url is '{}'; it must be sqlite:///file.db, postgresql://…, "
                                  "http://… or https://…",
                                  url));
  std::unique_ptr<RegistryClient> registry(new RegistryClient(std::move(url)));
  if (is_server(registry->url_)) {
    server::HttpClientOptions options;
    options.url = registry->url_;
    options.token = std::move(token);
    const Lock lock(registry->mutex_);
    TRACSEQ_TRY(registry->client_, server::HttpClient::open(std::move(options)));
    registry->ready_ = registry->client_.get();
  }
  return registry;
}

Result<api::Client*> RegistryClient::client() {
  if (api::Client* ready = ready_.load(std::memory_order_acquire); ready != nullptr) return ready;
  const Lock lock(mutex_);
  if (!client_) {
    TRACSEQ_TRY(core_, api::Core::open({url_, {}, {}, {}, kVersion}));
    client_ = std::make_unique<api::LocalClient>(*core_);
    ready_.store(client_.get(), std::memory_order_release);
  }
  return client_.get();
}

Result<api::Response> RegistryClient::send(api::Request request, std::chrono::milliseconds timeout) {
  TRACSEQ_TRY(api::Client* const client, this->client());
  return client->send(std::move(request), timeout);
}

}  // namespace tracseq::cli
