// SPDX-License-Identifier: MIT
#include "api/tracking_routes.h"

namespace tracseq::api {
namespace {

using namespace tracking;
using enum Method;
using enum Effect;

constexpr std::uint64_t kMetricBodyBytesMax = 32UL << 20;

// The caller's words for the audit.
CallContext with_reason(const CallContext& ctx, const std::string& reason) {
  CallContext copy = ctx;
  if (!reason.empty()) copy.reason = reason;
  return copy;
}

}  // namespace

std::vector<Route> experiment_routes(Experiments& experiments) {
  const std::string all = "/api/v1/experiments";
  const std::string one = "/api/v1/experiments/{experiment_id}";
  return {
      route(post, all, "experiments:write", changes, "Create an experiment (a named group of runs)",
            [&](const CallContext& ctx, const CreateExperiment& in) { return experiments.create(ctx, in); },
            {.status = 201}),
      route(get, all, "experiments:read", reads, "List experiments, newest first",
            [&](const CallContext& ctx, const ListExperiments& in) { return experiments.list(ctx, in); }),
      route(get, one, "experiments:read", reads, "Get an experiment",
            [&](const CallContext& ctx, const ExperimentRef& in) { return experiments.get(ctx, in); }),
      route(patch, one, "experiments:write", changes, "Rename or describe an experiment",
            [&](const CallContext& ctx, const UpdateExperiment& in) { return experiments.update(ctx, in); }),
      route(del, one, "experiments:delete", changes, "Put an experiment and its runs into the trash",
            [&](const CallContext& ctx, const ExperimentRef& in) {
              return experiments.remove(with_reason(ctx, in.reason), in);
            }),
      route(post, one + "/restore", "experiments:delete", changes,
            "Bring an experiment and its runs back from the trash",
            [&](const CallContext& ctx, const ExperimentRef& in) {
              return experiments.restore(with_reason(ctx, in.reason), in);
            }),
  };
}

std::vector<Route> run_routes(Runs& runs) {
  const std::string all = "/api/v1/runs";
  const std::string one = "/api/v1/runs/{run_id}";
  return {
      route(post, all, "runs:write", changes, "Start a run",
            [&](const CallContext& ctx, const StartRun& in) { return runs.start(ctx, in); }, {.status = 201}),
      route(get, all, "runs:read", reads, "List runs by filter, query and order",
            [&](const CallContext& ctx, const ListRuns& in) { return runs.list(ctx, in); }),
      route(get, one, "runs:read", reads, "Get a run with its parameters, tags and last metrics",
            [&](const CallContext& ctx, const RunRef& in) { return runs.get(ctx, in); }),
      route(patch, one, "runs:write", changes, "Change a run: status, notes, tags, added parameters",
            [&](const CallContext& ctx, const UpdateRun& in) { return runs.update(ctx, in); }),
      route(del, one, "runs:delete", changes, "Put a run into the trash",
            [&](const CallContext& ctx, const RunRef& in) {
              return runs.remove(with_reason(ctx, in.reason), in);
            }),
      route(post, one + "/restore", "runs:delete", changes, "Bring a run back from the trash",
            [&](const CallContext& ctx, const RunRef& in) {
              return runs.restore(with_reason(ctx, in.reason), in);
            }),
  };
}

std::vector<Route> metric_routes(Metrics& metrics) {
  const auto log = [&](const CallContext& ctx, const LogMetrics& in) { return metrics.log(ctx, in); };
  const auto series = [&](const CallContext& ctx, const GetSeries& in) { return metrics.series(ctx, in); };
  const RouteOptions large{.body_bytes_max = kMetricBodyBytesMax};
  Route search =
      route(post, "/api/v1/metrics/series", "runs:read", reads, "Get metric series of several runs", series);
  return {
      route(post, "/api/v1/metrics", "metrics:write", appends, "Log metric points of any runs, all or none",
            log, large),
      route(post, "/api/v1/runs/{run_id}/metrics", "metrics:write", appends,
            "Log metric points of a run, all or none", log, large),
      route(get, "/api/v1/metrics/series", "runs:read", reads, "Get metric series by run and key", series),
      std::move(search),
  };
}

}  // namespace tracseq::api
