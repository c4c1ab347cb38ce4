// SPDX-License-Identifier: MIT
#include "api/abtest_routes.h"

#include "domain/abtest/planner.h"
#include "storage/sql/retention.h"

namespace tracseq::api {
namespace {

using namespace abtest;
using enum Method;
using enum Effect;

constexpr RouteOptions kBatch{.status = 201, .body_bytes_max = 32UL << 20};
constexpr auto kWatchEvery = std::chrono::seconds(2);
constexpr auto kPruneEvery = std::chrono::minutes(10);

std::vector<Route> life_routes(AbTesting& a) {
  const std::string tests = "/api/v1/abtests";
  const std::string test = tests + "/{test_id}";
  return {
      route(post, tests, "abtests:write", changes, "Create an A/B test; its plan is fixed from then on",
            [&](const CallContext& ctx, const CreateTest& in) { return a.tests.create(ctx, in); },
            {.status = 201}),
      route(get, tests, "abtests:read", reads, "List A/B tests, newest first",
            [&](const CallContext& ctx, const ListTests& in) { return a.tests.list(ctx, in); }),
      route(get, test, "abtests:read", reads, "Get an A/B test",
            [&](const CallContext& ctx, const TestRef& in) { return a.tests.get(ctx, in); }),
      route(post, test + "/start", "abtests:write", changes, "Start an A/B test",
            [&](const CallContext& ctx, const MoveTest& in) { return a.tests.start(ctx, in); }),
      route(post, test + "/pause", "abtests:write", changes, "Pause an A/B test: nobody is assigned",
            [&](const CallContext& ctx, const MoveTest& in) { return a.tests.pause(ctx, in); }),
      route(post, test + "/resume", "abtests:write", changes, "Resume a paused A/B test",
            [&](const CallContext& ctx, const MoveTest& in) { return a.tests.resume(ctx, in); }),
      route(post, test + "/stop", "abtests:write", changes,
            "End an A/B test: completed if it was started, else cancelled",
            [&](const CallContext& ctx, const MoveTest& in) {
              return a.tests.stop(ctx, in, [&](sql::Transaction& tx, StoredTest& stored) {
                return a.results.conclude(tx, stored);
              });
            }),
  };
}

std::vector<Route> log_routes(AbTesting& a) {
  const std::string tests = "/api/v1/abtests";
  return {
      route(post, tests + "/{test_id}/assign", "abtests:read", reads, "Get a user's variant",
            [&](const CallContext& ctx, const AssignUser& in) { return a.tests.assign(ctx, in); }),
      route(
          post, "/api/v1/abtest-exposures", "abtest-data:write", appends,
          "Log exposures of A/B tests, all or none",
          [&](const CallContext& ctx, const LogExposures& in) { return a.log.expose(ctx, in); }, kBatch),
      route(
          post, "/api/v1/abtest-interactions", "abtest-data:write", appends,
          "Log interactions of A/B tests, all or none",
          [&](const CallContext& ctx, const LogInteractions& in) { return a.log.interact(ctx, in); }, kBatch),
  };
}

std::vector<Route> result_routes(AbTesting& a) {
  const std::string test = "/api/v1/abtests/{test_id}";
  return {
      route(get, test + "/results", "abtests:read", reads,
            "Get what an A/B test says: the split first, then every metric and the verdict",
            [&](const CallContext& ctx, const TestRef& in) { return a.results.report(ctx, in); }),
      route(get, test + "/looks", "abtests:read", reads,
            "List the looks at an A/B test's primary metric, oldest first",
            [&](const CallContext& ctx, const TestRef& in) { return a.results.looks(ctx, in); }),
      route(post, test + "/check", "abtests:write", appends,
            "Take a look and complete the A/B test if a variant is shown better or worse than control",
            [&](const CallContext& ctx, const TestRef& in) { return a.results.check(ctx, in); }),
      route(post, "/api/v1/abtest-plans", "abtests:read", reads, "Get sample size and duration of a design",
            [](const CallContext&, const PlanDesign& in) { return plan_size(in); }),
  };
}

}  // namespace

std::vector<Route> abtest_routes(AbTesting& services) {
  std::vector<Route> routes = life_routes(services);
  for (Route& one : log_routes(services)) routes.push_back(std::move(one));
  for (Route& one : result_routes(services)) routes.push_back(std::move(one));
  return routes;
}

std::vector<DriverStep> abtest_steps(AbTesting& a) {
  return {
      {"abtest.watch", kWatchEvery,
       [&](const CallContext& ctx, const sql::Lease& lease) { return a.results.watch(ctx, now(), &lease); },
       0, Lane::prompt},
      {"abtest.expire_interactions", kPruneEvery,
       [&](const CallContext& ctx, const sql::Lease&) { return a.log.prune(ctx, now()); },
       sql::kRemovedAtOnceMax},
  };
}

}  // namespace tracseq::api
