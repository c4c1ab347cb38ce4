// SPDX-License-Identifier: MIT
#include "cli/serving_plan.h"

#include <fmt/core.h>

#include <fstream>
#include <iterator>

#include "cli/place.h"
#include "cli/settings.h"
#include "cli/version.h"

namespace tracseq::cli {
namespace {

constexpr const char* kCacheFolder = "mlops_data/model_server";
constexpr std::int64_t kSpoolMbMax = 1 << 20;

Result<std::string> read_token(const std::string& file, const std::string& key) {
  if (file.empty()) return key;
  std::ifstream in(file);
  std::string token{std::istreambuf_iterator<char>(in), {}};
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) token.pop_back();
  if (token.empty())
    return fail_field("token-file", fmt::format("--token-file {} cannot be read or is empty", file));
  return token;
}

}  // namespace

Result<ServingPlan> serving_plan(const Invocation& in) {
  ServingPlan plan;
  TRACSEQ_TRY(const std::int64_t port, in.integer("port", 8081, 0, 65535));
  TRACSEQ_TRY(const std::int64_t spool_mb, in.integer("spool-max-mb", 256, 1, kSpoolMbMax));
  TRACSEQ_TRY(const config::Loaded settings, load_settings(in, "registry-url"));
  const std::string key = settings.config.security.api_key;
  plan.registry = api::core_options(settings.config);
  plan.registry.version = kVersion;
  plan.usage_interval = std::chrono::seconds(settings.config.monitoring.health_check_interval_seconds);
  TRACSEQ_TRY(plan.token, read_token(in.get("token-file"), key));
  plan.cache_dir = in.get("cache-dir", kCacheFolder);
  plan.spool_bytes_max = static_cast<std::uint64_t>(spool_mb) << 20;
  plan.server.host = in.get("host", "127.0.0.1");
  plan.server.port = static_cast<std::uint16_t>(port);
  plan.server.tls_certificate_file = in.get("tls-cert");
  plan.server.tls_key_file = in.get("tls-key");
  plan.server.allowed_hosts = in.all("allowed-host");
  plan.server.serve_page = false;
  TRACSEQ_TRY(const bool loopback, settle_host(plan.server));
  TRACSEQ_TRY(plan.key, caller_key(in.get("auth", "auto"), loopback, key));
  return plan;
}

}  // namespace tracseq::cli
