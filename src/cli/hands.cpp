// SPDX-License-Identifier: MIT
#include "cli/hands.h"

#include <fmt/core.h>

#include "api/settings.h"
#include "domain/deployment/local_target.h"
#include "server/http_client.h"
#include "storage/sql/url.h"

namespace tracseq::cli {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";

class Caller final : public deployment::ReplicaCaller {
 public:
  Result<Answer> call(const std::string& host, std::int64_t port, const std::string& path,
                      const std::string& body, std::chrono::milliseconds timeout) override {
    server::HttpClientOptions options;
    options.url = fmt::format("http://{}:{}", host, port);
    options.connect_timeout = timeout;
    TRACSEQ_TRY(const auto client, server::HttpClient::open(std::move(options)));
    api::Request request;
    request.method = body.empty() ? api::Method::get : api::Method::post;
    request.path = path;
    request.body = body;
    if (!body.empty()) request.headers["content-type"] = "application/json";
    TRACSEQ_TRY(const api::Response answer, client->send(std::move(request), timeout));
    return Answer{answer.status, answer.body};
  }
};

// As a process elsewhere finds it.
std::string absolute_url(const std::string& url) {
  const auto parsed = sql::parse_url(url);
  if (!parsed || parsed->dialect != sql::Dialect::sqlite) return url;
  return std::string(kSqlite) + std::filesystem::absolute(parsed->sqlite_path).lexically_normal().string();
}

// Beside the database's file, or the artifacts.
std::filesystem::path root_of(const api::CoreOptions& options) {
  const auto parsed = sql::parse_url(options.database_url);
  if (parsed && parsed->dialect == sql::Dialect::sqlite)
    return std::filesystem::absolute(parsed->sqlite_path + ".deployments").lexically_normal();
  return std::filesystem::absolute(options.artifact_root + ".deployments").lexically_normal();
}

deployment::LocalTarget::Options target_options(const api::CoreOptions& core) {
  deployment::LocalTarget::Options options;
  options.root = root_of(core);
  options.registry_url = absolute_url(core.database_url);
  options.variables = api::process_variables();
  return options;
}

}  // namespace

struct Hands::Parts {
  explicit Parts(const api::CoreOptions& options) : target(target_options(options)) {}
  deployment::LocalTarget target;
  Caller caller;
  api::DeploymentHands hands{target, caller};
};

Hands::Hands(const api::Core& core) : parts_(std::make_unique<Parts>(core.options())) {}
Hands::~Hands() = default;
const api::DeploymentHands& Hands::get() const { return parts_->hands; }

}  // namespace tracseq::cli
