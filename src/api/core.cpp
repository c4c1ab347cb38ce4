// SPDX-License-Identifier: MIT
#include "api/core.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>

#include "api/artifact_routes.h"
#include "api/data_routes.h"
#include "api/events.h"
#include "api/export_routes.h"
#include "api/job_journal.h"
#include "api/job_routes.h"
#include "api/monitoring_routes.h"
#include "api/overview_routes.h"
#include "api/patient_probe.h"
#include "api/registry_routes.h"
#include "api/security_routes.h"
#include "api/system_routes.h"
#include "api/tracking_routes.h"
#include "api/transformation_link.h"
#include "api/write_probe.h"
#include "base/id.h"
#include "domain/features/pipeline_job.h"
#include "domain/tracking/metrics.h"
#include "domain/tracking/tracking.h"
#include "storage/artifacts/catalog.h"
#include "storage/sql/retention.h"
#include "storage/sql/url.h"

namespace tracseq::api {
namespace {

constexpr auto kKeysKept = std::chrono::hours{24};  // of idempotent calls
constexpr auto kTrashKept =
    std::chrono::hours{24 * 30};  // deleted runs and experiments can be restored this long
constexpr auto kEventsKept = std::chrono::hours{24};     // a page that slept longer reads everything anew
constexpr auto kJobsKept = std::chrono::hours{24 * 30};  // ended ones, with their logs
constexpr std::int64_t kPurgedAtOnceMax = 100;

// Where artifacts go when nobody said: beside the SQLite file, else below the working folder.
Result<std::string> artifact_root(const CoreOptions& options) {
  if (!options.artifact_root.empty())
    return std::filesystem::absolute(options.artifact_root).lexically_normal().string();
  TRACSEQ_TRY(const sql::Url url, sql::parse_url(options.database_url));
  if (url.dialect == sql::Dialect::sqlite) return url.sqlite_path + ".artifacts";
  return std::filesystem::absolute("mlops_data/artifacts").string();
}

std::vector<WriteProbe::Disk> disks_of(const CoreOptions& options, const std::string& artifacts) {
  std::vector<WriteProbe::Disk> disks{{"the artifacts", artifacts}};
  const auto url = sql::parse_url(options.database_url);
  if (url && url->dialect == sql::Dialect::sqlite)
    disks.push_back({"the database",
                     std::filesystem::absolute(url->sqlite_path).parent_path().lexically_normal().string()});
  return disks;
}

}  // namespace

// Members in the order of construction: each service uses only those above it.
struct Core::Services {
  Services(CoreOptions given, std::unique_ptr<sql::Database> opened, std::string root)
      : options(std::move(given)), database(std::move(opened)), catalog(*database, std::move(root)) {}

  CoreOptions options;
  std::unique_ptr<sql::Database> database;
  artifacts::ArtifactCatalog catalog;
  audit::Ledger ledger{*database};
  LedgerJobJournal journal;
  jobs::JobStore jobs{*database, journal};
  security::Tokens tokens{*database, ledger};
  security::Pairings pairings{*database, ledger};
  tracking::Experiments experiments{*database, ledger};
  tracking::Runs runs{*database, ledger};
  tracking::Metrics metrics{*database, ledger};
  Monitoring monitoring{*database, ledger, options.monitoring};
  Events events{*database};
  WriteProbe write_probe{*database, disks_of(options, catalog.root())};
  PatientProbe can_read{[this] { return database->ping(); }};
  PatientProbe can_write{[this] { return write_probe.ask(); }};
  std::atomic<bool> stopping{false};
  registry::Registry registry{*database, ledger, catalog, find_transformation};
  data::Schemas schemas{*database, ledger};
  data::Reports reports{*database, ledger, jobs, schemas};
  features::FeatureConfigs feature_configs{*database, ledger};
  features::PipelineRuns pipelines{*database, ledger, jobs, schemas, feature_configs};
  data::QualityJob quality_job{schemas, reports, options.work_root, options.tables};
  features::PipelineJob pipeline_job{
      {schemas, reports, feature_configs, pipelines, jobs, catalog}, options.work_root, options.tables};
  Router router;

  // Artifacts past their time, and the contents nothing points to. Returns how many rows and contents went.
  Result<std::int64_t> collect(const CallContext& ctx) {
    TRACSEQ_TRY(const auto collected, catalog.collect(ctx, [&](sql::Transaction& tx, std::int64_t rows) {
      audit::Record record;
      record.delta.set("rows", rows);
      return audit::Ledger::write_entry(tx, ctx, {"artifact.expire", "artifact", {}}, record);
    }));
    return collected.rows + collected.blobs;
  }

  void add_routes() {
    Health health;
    health.can_read = [this] { return can_read.ask(); };
    health.can_write = [this] { return can_write.ask(); };
    health.draining = [this] { return stopping.load(); };
    router.add(system_routes(router, options.version, std::move(health)));
    router.add(event_routes(events));
    router.add(security_routes(tokens, ledger));
    router.add(pairing_routes(pairings));
    router.add(export_route(router));
    router.add(overview_route(router));
    router.add(experiment_routes(experiments));
    router.add(run_routes(runs));
    router.add(metric_routes(metrics));
    router.add(monitoring_routes(monitoring));
    router.add(artifact_routes(*database, ledger, catalog));
    router.add(
        data_routes({*database, catalog, schemas, reports, feature_configs, pipelines, options.data_root}));
    router.add(job_routes(ledger, jobs));
    router.add(registry_routes(*database, registry, catalog));
  }
};

Core::Core(std::unique_ptr<Services> services) : services_(std::move(services)) {}
Core::~Core() = default;

Result<std::unique_ptr<Core>> Core::open(const CoreOptions& options) {
  TRACSEQ_TRY(auto database, sql::open_database(options.database_url, options.limits));
  TRACSEQ_TRY(std::string root, artifact_root(options));
  CoreOptions settled = options;
  settled.artifact_root = root;
  auto services = std::make_unique<Services>(std::move(settled), std::move(database), std::move(root));
  services->add_routes();
  return std::unique_ptr<Core>(new Core(std::move(services)));
}

const CoreOptions& Core::options() const { return services_->options; }
const Router& Core::router() const { return services_->router; }
sql::Database& Core::database() { return *services_->database; }
audit::Ledger& Core::ledger() { return services_->ledger; }
artifacts::ArtifactCatalog& Core::catalog() { return services_->catalog; }
security::Tokens& Core::tokens() { return services_->tokens; }
void Core::announce_stop() { services_->stopping = true; }

std::unique_ptr<jobs::JobRunner> Core::make_worker(int threads) {
  jobs::JobRunner::Options options;
  options.worker = fmt::format("worker:{}:{}", getpid(), new_id().substr(20));
  options.threads = threads;
  options.context.actor.id = "system:worker";
  options.context.actor.permissions = {"*"};
  auto runner = std::make_unique<jobs::JobRunner>(services_->jobs, std::move(options));
  runner->add(data::kQualityJob, services_->quality_job);
  runner->add(features::kPipelineJob, services_->pipeline_job);
  return runner;
}

std::vector<DriverStep> Core::driver_steps() {
  Services& all = *services_;
  std::vector<DriverStep> steps{
      {"audit.sequence", std::chrono::milliseconds{500},
       [&](const CallContext&, const sql::Lease&) { return all.ledger.sequence_entries(); },
       audit::kSequencedAtOnceMax, Lane::prompt},
      {"audit.forget_keys", std::chrono::minutes{10},
       [&](const CallContext&, const sql::Lease&) { return all.ledger.forget_keys(now() - kKeysKept); },
       sql::kRemovedAtOnceMax},
      {"outbox.forget", std::chrono::minutes{10},
       [&](const CallContext&, const sql::Lease&) { return all.events.forget(now() - kEventsKept); },
       sql::kRemovedAtOnceMax},
      {"jobs.reclaim", std::chrono::seconds{1},
       [&](const CallContext& ctx, const sql::Lease&) { return all.jobs.reclaim_expired(ctx); }, 0,
       Lane::prompt},
      {"artifacts.collect", std::chrono::minutes{10},
       [&](const CallContext& ctx, const sql::Lease&) { return all.collect(ctx); }},
      {"tracking.purge", std::chrono::minutes{10},
       [&](const CallContext& ctx, const sql::Lease&) {
         return all.runs.purge(
             ctx, now() - kTrashKept, kPurgedAtOnceMax,
             [](sql::Transaction& tx, const std::string& run_id) -> Result<void> {
               TRACSEQ_CHECK(artifacts::ArtifactCatalog::forget_all(tx, artifacts::OwnerType::run, run_id));
               return {};
             });
       },
       kPurgedAtOnceMax},
      {"jobs.purge", std::chrono::minutes{10},
       [&](const CallContext& ctx, const sql::Lease&) {
         return all.jobs.purge(ctx, now() - kJobsKept, kPurgedAtOnceMax);
       },
       kPurgedAtOnceMax},
      {"tracking.purge_experiments", std::chrono::minutes{10},
       [&](const CallContext& ctx, const sql::Lease&) {
         return all.experiments.purge(ctx, now() - kTrashKept, kPurgedAtOnceMax);
       },
       kPurgedAtOnceMax},
  };
  for (DriverStep& step : monitoring_steps(all.monitoring)) steps.push_back(std::move(step));
  return steps;
}

CallContext embedded_context() {
  static const std::string who = [] {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const bool named =
        getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
    return fmt::format("os:{}@{}", named ? found->pw_name : std::to_string(geteuid()), host.data());
  }();
  CallContext ctx;
  ctx.actor.id = who;
  ctx.actor.kind = "user";
  ctx.actor.auth_method = "process";
  ctx.actor.permissions = {"*"};
  ctx.request_id = new_id();
  return ctx;
}

Result<Response> LocalClient::send(Request request, std::chrono::milliseconds timeout) {
  CallContext ctx = embedded_context();
  ctx.deadline = Steady::now() + timeout;
  return core_.router().dispatch(ctx, request);
}

}  // namespace tracseq::api
