// SPDX-License-Identifier: MIT
#include "cli/serve.h"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "api/core.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cli/authenticate.h"
#include "cli/exposure.h"
#include "cli/place.h"
#include "cli/process.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "cli/waiting.h"
#include "cli/worker.h"
#include "server/hard_end.h"
#include "server/server.h"
#include "storage/sql/serve_lock.h"

namespace tracseq::cli {
namespace {

constexpr auto kDatabaseRetry = std::chrono::milliseconds{250};
constexpr std::int64_t kDatabaseWaitMax = 86'400;  // seconds
constexpr auto kWorkerGrace = std::chrono::seconds{20};
constexpr auto kWorkerRestart = std::chrono::seconds{2};

struct Plan {
  api::CoreOptions core;
  server::ServerOptions server;
  std::chrono::seconds database_wait{};
  bool authenticated = false;
  bool worker = true;
  std::vector<std::string> worker_arguments;
  std::string key;
};

Result<void> plan_security(const Invocation& in, Plan& plan) {
  const std::string host = plan.server.host;
  TRACSEQ_TRY(const bool loopback, settle_host(plan.server));
  const std::string auth = in.get("auth", "auto");
  if (auth != "auto" && auth != "on" && auth != "off")
    return fail_field("auth", fmt::format("--auth is '{}'; it must be auto, on or off", auth));
  if (auth == "off" && !loopback)
    return fail_field(
        "auth", fmt::format("--auth off is refused with --host {}: others could reach the server", host));
  plan.authenticated = auth == "on" || !loopback;
  const bool tls = !plan.server.tls_certificate_file.empty();
  if (in.has("require-tls") && !tls)
    return fail_field("require-tls", "--require-tls needs --tls-cert and --tls-key");
  if (!loopback && !tls)
    log::warning("serve.no_tls",
                 {{"host", host}, {"remedy", "give --tls-cert and --tls-key, or put a TLS proxy in front"}});
  if (!loopback && !plan.key.empty() && is_weak_key(plan.key))
    return fail_field(
        "MLOPS_API_KEY",
        fmt::format("MLOPS_API_KEY is printed in the guide or shorter than {} characters; choose a random "
                    "one before others can reach the server",
                    kKeyBytesMin));
  return {};
}

Result<Plan> plan_of(const Invocation& in) {
  Plan plan;
  TRACSEQ_TRY(const config::Loaded settings, load_settings(in, "database-url"));
  plan.core = api::core_options(settings.config);
  plan.core.artifact_root = in.get("artifact-root");
  plan.core.data_root = in.get("data-root");
  std::error_code error;
  if (in.has("data-root") && !std::filesystem::is_directory(plan.core.data_root, error))
    return fail_field("data-root", fmt::format("--data-root is '{}'; it must be a folder that exists{}",
                                               plan.core.data_root, error ? ": " + error.message() : ""));
  plan.core.version = kVersion;
  plan.key = settings.config.security.api_key;
  TRACSEQ_TRY(const std::int64_t port, in.integer("port", 8080, 0, 65535));
  TRACSEQ_TRY(const std::int64_t wait, in.integer("database-wait", 60, 0, kDatabaseWaitMax));
  plan.database_wait = std::chrono::seconds(wait);
  plan.server.host = in.get("host", "127.0.0.1");
  plan.server.port = static_cast<std::uint16_t>(port);
  plan.server.tls_certificate_file = in.get("tls-cert");
  plan.server.tls_key_file = in.get("tls-key");
  plan.server.ui_dir = in.get("ui-dir");
  plan.server.allowed_hosts = in.all("allowed-host");
  plan.worker = !in.has("no-worker");
  TRACSEQ_TRY(plan.worker_arguments, worker_arguments(in));
  if (plan.server.tls_certificate_file.empty() != plan.server.tls_key_file.empty())
    return fail_field("tls-cert", "--tls-cert and --tls-key belong together; give both");
  TRACSEQ_CHECK(plan_security(in, plan));
  return plan;
}

// Opens the core, waiting for a database that does not answer yet; the server meanwhile says so.
Result<std::unique_ptr<api::Core>> open_core(const Plan& plan, WaitingRoutes& waiting) {
  const auto until = Steady::now() + plan.database_wait;
  bool told = false;
  while (true) {
    auto core = api::Core::open(plan.core);
    if (core || core.error().code != Code::unavailable || Steady::now() > until) return core;
    waiting.say(core.error().message);
    if (!std::exchange(told, true))
      log::warning("serve.waiting_for_database",
                   {{"message", core.error().message}, {"detail", core.error().detail}});
    if (wait_signal(kDatabaseRetry) != 0)
      return fail(Code::cancelled, "ended while waiting for the database");
  }
}

// The worker beside the server, started again when it ends by itself.
class WorkerKeeper {
 public:
  explicit WorkerKeeper(const Plan& plan) : plan_(plan) {}
  ~WorkerKeeper() {
    if (child_) child_->end(kWorkerGrace);
  }
  void tend() {
    if (!plan_.worker || Steady::now() < next_start_ || (child_ && !child_->ended())) return;
    if (child_)
      log::warning("serve.worker_ended",
                   {{"again_in_ms", static_cast<std::int64_t>(kWorkerRestart.count() * 1000)}});
    next_start_ = Steady::now() + kWorkerRestart;
    // The address may hold a password, so it does not go where everybody can read it.
    auto started =
        Child::start_self(plan_.worker_arguments, {{"MLOPS_DATABASE_URL", plan_.core.database_url}},
                          Child::Ties::ends_with_parent, {});
    if (!started) log::error("serve.worker_not_started", {{"message", started.error().message}});
    child_ = started ? std::optional(*started) : std::nullopt;
  }

 private:
  const Plan& plan_;
  std::optional<Child> child_;
  Steady::time_point next_start_{};
};

Result<void> announce_first_token(api::Core& core) {
  CallContext ctx;
  ctx.actor.id = "system:first-start";
  TRACSEQ_TRY(const auto token, core.tokens().bootstrap(ctx));
  if (token)
    fmt::print("administrator token (shown this once; revoke it with `tracseq token revoke {}`):\n  {}\n",
               token->token_id, token->token);
  return {};
}

}  // namespace

std::vector<Option> serve_options() {
  return with(with(settings_options(),
                   {{"database-url", "URL",
                     "sqlite:///file.db, sqlite:////absolute.db or postgresql://…; absent: "
                     "MLOPS_DATABASE_URL, else the settings file's database.url"},
                    {"database-wait", "SECONDS", "How long to wait for a database that does not answer",
                     Takes::one, false, "60"},
                    {"artifact-root", "DIR", "Where artifacts are kept; absent: beside the database"},
                    {"data-root", "DIR", "Files below it may be named by callers; absent: none"},
                    {"host", "ADDRESS", "Where to listen; others than loopback switch authentication on",
                     Takes::one, false, "127.0.0.1"},
                    {"port", "N", "0 picks a free one and prints it", Takes::one, false, "8080"},
                    {"auth", "auto|on|off", "auto: on unless on loopback", Takes::one, false, "auto"},
                    {"tls-cert", "FILE", "PEM certificate with its chain"},
                    {"tls-key", "FILE", "PEM key"},
                    {"require-tls", "", "Refuse to start without TLS", Takes::nothing},
                    {"allowed-host", "NAME", "A further host name this server is called by", Takes::many},
                    {"ui-dir", "DIR", "Serve the page from here instead of the embedded one (development)"},
                    {"no-worker", "", "Start no worker beside the server", Takes::nothing}}),
              work_options());
}

Result<void> serve(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const Plan plan, plan_of(in));
  std::optional<server::HardEnd> hard_end;  // destroyed last: stopping is over then
  TRACSEQ_TRY(const auto lock, sql::ServeLock::take(plan.core.database_url));
  // Whatever answers requests outlives the server.
  std::unique_ptr<api::Core> core;
  std::optional<TokenAuthenticator> authenticator;
  server::TrustEverybody nobody{Actor{}};
  WaitingRoutes waiting;
  metrics::add_process_metrics(metrics::process());
  server::HttpServer http(waiting.router(), nobody, plan.server);
  TRACSEQ_CHECK(http.start());
  TRACSEQ_CHECK(lock->announce(http.port()));
  TRACSEQ_TRY(core, open_core(plan, waiting));
  if (!plan.key.empty()) core->tokens().accept_key(plan.key);
  if (plan.authenticated) TRACSEQ_CHECK(announce_first_token(*core));
  authenticator.emplace(core->tokens(), plan.authenticated ? TokenAuthenticator::Anonymous::refuse
                                                           : TokenAuthenticator::Anonymous::trust);
  http.serve(core->router(), *authenticator);
  log::info("serve.started", {{"url", http.url()},
                              {"database", core->database().display_url()},
                              {"connections", static_cast<std::int64_t>(plan.core.limits.connections)},
                              {"authentication", plan.authenticated}});
  fmt::print("listening on {}\n", http.url());
  std::fflush(stdout);
  api::Driver driver(core->database(), core->driver_steps(), api::Driver::Rank::server);
  driver.start();
  {
    WorkerKeeper worker(plan);
    do worker.tend();
    while (wait_signal(std::chrono::milliseconds{500}) == 0);
    log::info("serve.draining");
    hard_end.emplace(plan.server.limits.stop_max() + kWorkerGrace);
    core->announce_stop();
    http.stop();
  }
  driver.stop();
  return {};
}

}  // namespace tracseq::cli
