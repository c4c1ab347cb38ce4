// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "api/client.h"
#include "api/deployment_routes.h"
#include "api/driver.h"
#include "api/monitoring_routes.h"
#include "api/router.h"
#include "domain/audit/ledger.h"
#include "domain/security/tokens.h"
#include "storage/artifacts/catalog.h"
#include "storage/jobs/runner.h"
#include "storage/sql/database.h"
#include "storage/tables/table_engine.h"

namespace tracseq::api {

struct CoreOptions {
  std::string database_url = "sqlite:///mlops.db";
  std::string
      artifact_root;  // empty: `<database file>.artifacts` beside SQLite, ./mlops_data/artifacts otherwise
  std::string data_root;  // files of this machine that callers over HTTP may name; empty: none
  sql::Limits limits{};
  std::string version = "0.1.0";
  Monitoring::Options monitoring{};
  // Of jobs that read tables.
  std::string work_root;  // where they have their folders; empty: the system's temporary folder
  tables::EngineLimits tables{};
};

// All services over one database, and the route table over the services: what `serve`, the worker, the model
// server and the Python extension have in common. Each of them composes it with its own transport. Lifecycle:
// opened once per process and database; the services live as long as it. Thread-safe.
class Core {
 public:
  // Opens the database (applying migrations) and builds the services. Errors as sql::open_database.
  static Result<std::unique_ptr<Core>> open(const CoreOptions& options);
  ~Core();

  // As given, but with the artifact root in force.
  [[nodiscard]] const CoreOptions& options() const;
  [[nodiscard]] const Router& router() const;
  [[nodiscard]] sql::Database& database();
  [[nodiscard]] audit::Ledger& ledger();
  [[nodiscard]] artifacts::ArtifactCatalog& catalog();
  [[nodiscard]] security::Tokens& tokens();
  // From now on /readyz says no; the calls go on.
  void announce_stop();

  // A worker over this core with the handlers of all kinds of jobs; the core outlives it.
  [[nodiscard]] std::unique_ptr<jobs::JobRunner> make_worker(int threads);

  // What must be driven on this database, by one process at a time (api/driver.h). Deployments are only where
  // there are hands for them; these outlive the steps.
  [[nodiscard]] std::vector<DriverStep> driver_steps(const DeploymentHands* hands = nullptr);

 private:
  struct Services;
  explicit Core(std::unique_ptr<Services> services);
  std::unique_ptr<Services> services_;
};

// The context of a call made in this process: `os:<user>@<host>` with all permissions.
CallContext embedded_context();

// The route table in this process, behind the same interface as a server's. The core outlives it.
class LocalClient final : public Client {
 public:
  explicit LocalClient(Core& core) : core_(core) {}
  Result<Response> send(Request request, std::chrono::milliseconds timeout) override;

 private:
  Core& core_;
};

}  // namespace tracseq::api
