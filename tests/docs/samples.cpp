// SPDX-License-Identifier: MIT
// What the C++ samples of the books stand in: each line `// book: PATH` is replaced by the samples of that
// book. The test compiles the whole (test_samples.py); it is never linked. What a sample leaves out, because
// a reader knows it, is declared around it.
#include <fmt/core.h>

#include "api/core.h"
#include "api/route.h"
#include "domain/abtest/abtests.h"
#include "domain/abtest/results.h"
#include "domain/audit/ledger.h"
#include "domain/deployment/gateway/journey.h"
#include "domain/deployment/gateway/live_table.h"
#include "domain/deployment/gateway/table_text.h"
#include "domain/features/fit.h"
#include "domain/monitoring/alerts.h"
#include "domain/monitoring/predictions.h"
#include "domain/registry/registry.h"
#include "domain/serving/onnx_engine.h"
#include "domain/tracking/tracking.h"
#include "server/server.h"
#include "storage/artifacts/catalog.h"
#include "storage/jobs/runner.h"
#include "storage/tables/inspect.h"
#include "storage/tables/table_engine.h"

using namespace tracseq;
using namespace std::chrono_literals;

namespace samples_api {
using namespace tracseq::api;
using tracking::RunRef;
void sample(Router& router, tracking::Runs& runs) {
  // book: src/api/README.md
}
}  // namespace samples_api

namespace samples_server {
Result<void> sample(api::Core& core, server::Authenticator& authenticator) {
  // book: src/server/README.md
  return {};
}
}  // namespace samples_server

namespace samples_abtest {
Result<void> sample(const CallContext& ctx, sql::Database& database, audit::Ledger& ledger,
                    const abtest::CreateTest& request) {
  // book: src/domain/abtest/README.md
  return {};
}
}  // namespace samples_abtest

namespace samples_gateway {
using namespace tracseq::deployment::gateway;
void sample(const std::string& text, Random& random, Outcome outcome, int status) {
  // book: src/domain/deployment/gateway/README.md
}
}  // namespace samples_gateway

namespace samples_features {
Result<void> sample(const features::FeatureConfig& config, tables::BatchSource& table) {
  // book: src/domain/features/README.md
  return {};
}
}  // namespace samples_features

namespace samples_monitoring {
Result<void> sample(const CallContext& ctx, sql::Database& database, audit::Ledger& ledger,
                    monitoring::Alerts& alerts, const monitoring::Prediction& prediction) {
  // book: src/domain/monitoring/README.md
  return {};
}
}  // namespace samples_monitoring

namespace samples_registry {
using namespace tracseq::registry;
Result<void> sample(const CallContext& ctx, Registry& registry, const std::string& upload) {
  // book: src/domain/registry/README.md
  return {};
}
}  // namespace samples_registry

namespace samples_serving {
using namespace tracseq::serving;
void sample(const std::string& digest, const std::string& file,
            const std::vector<std::byte>& bytes_of_three_doubles) {
  // book: src/domain/serving/README.md
}
}  // namespace samples_serving

namespace samples_artifacts {
using namespace tracseq::artifacts;
Result<void> sample(const CallContext& ctx, ArtifactCatalog& catalog, audit::Ledger& ledger,
                    const audit::Change& change, ByteSource& body, const std::string& run_id) {
  // book: src/storage/artifacts/README.md
  return {};
}
}  // namespace samples_artifacts

namespace samples_jobs {
using namespace tracseq::jobs;
void sample(const CallContext& ctx, JobStore& store, JobHandler& pipeline_handler, const Json& payload) {
  // book: src/storage/jobs/README.md
}
}  // namespace samples_jobs

namespace samples_sql {
Result<void> sample(sql::Database& database, const std::string& name, const std::string& run_id) {
  // book: src/storage/sql/README.md
  return {};
}
}  // namespace samples_sql

namespace samples_tables {
Result<void> sample(const std::string& path, const std::string& folder) {
  // book: src/storage/tables/README.md
  return {};
}
}  // namespace samples_tables
