// SPDX-License-Identifier: MIT
#include "domain/deployment/deployments.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/id.h"
#include "domain/deployment/moves.h"
#include "domain/deployment/quantity.h"
#include "domain/deployment/rows.h"
#include "domain/monitoring/page_token.h"

namespace tracseq::deployment {
namespace {

constexpr std::int64_t kReplicasListed = 200;

Error unknown(const std::string& id) {
  return {Code::not_found, fmt::format("there is no deployment '{}'", id), {}, "deployment_id"};
}

Result<Deployment> load(sql::Session& session, const CallContext& ctx, const std::string& id) {
  TRACSEQ_TRY(auto found, find_deployment(session, id));
  if (!found || found->project_id != ctx.project_id) return fail(unknown(id));
  return std::move(*found);
}

std::string state_of(const Deployment& d) {
  return fmt::format("the deployment '{}' is {} ({})", d.deployment_id, enum_name(d.status),
                     enum_name(d.phase));
}

// Whether the two ask for the same; when it was asked does not count.
bool same_content(DeploymentConfig a, DeploymentConfig b) {
  a.created_at.reset();
  b.created_at.reset();
  return to_json(a) == to_json(b);
}

Result<void> refuse_second(sql::Session& session, const CallContext& ctx, const DeploymentConfig& config) {
  TRACSEQ_TRY(const auto first, find_under_way(session, ctx.project_id, config.model_id, config.environment));
  if (!first) return {};
  return fail(
      Code::conflict,
      fmt::format("deployment '{}' (version {}) of model '{}' in {} is still {}; wait for it, or abort it",
                  first->deployment_id, first->model_version, config.model_id, enum_name(config.environment),
                  enum_name(first->status)));
}

bool is_variable_name(const std::string& name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), plain);
}

Result<void> check_traffic(const DeploymentConfig& config) {
  if (config.strategy != Strategy::canary && config.traffic_percentage != 100)
    return fail_field(
        "traffic_percentage",
        fmt::format("traffic_percentage is {:.6g}; with strategy {} it must be 100 (a share of the "
                    "traffic is what canary is for)",
                    config.traffic_percentage, enum_name(config.strategy)));
  double last = config.canary_traffic_percentage;
  for (const double step : config.canary_steps) {
    if (!(step > last && step < 100))
      return fail_field("canary_steps",
                        fmt::format("canary_steps has {:.6g}; each must be above the one before it ({:.6g}) "
                                    "and below 100",
                                    step, last));
    last = step;
  }
  return {};
}

Deployment made_of(const CallContext& ctx, DeploymentConfig config) {
  Deployment d;
  d.created_at = config.created_at.value_or(now());
  config.created_at = d.created_at;
  if (config.created_by.empty()) config.created_by = ctx.actor.id;
  d.deployment_id = config.deployment_id;
  d.model_id = config.model_id;
  d.model_version = config.model_version;
  d.environment = config.environment;
  d.strategy = config.strategy;
  d.project_id = ctx.project_id;
  d.service_name = service_name_of(config.model_id, config.environment);
  d.config = std::move(config);
  d.phase_since = now();
  return d;
}

}  // namespace

Result<void> check(const DeploymentConfig& config) {
  if (config.target != TargetKind::local)
    return fail(Code::unsupported,
                fmt::format("target is '{}'; this version deploys to 'local' only: processes of this machine",
                            enum_name(config.target)));
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/-_.~").find(static_cast<char>(c)) != std::string_view::npos;
  };
  const std::string& path = config.health_check_path;
  if (!path.starts_with('/') || path.size() < 2 || !std::all_of(path.begin(), path.end(), plain))
    return fail_field(
        "health_check_path",
        fmt::format("health_check_path is '{}'; it must begin with '/' and hold letters, digits and "
                    "/-_.~ only",
                    path));
  TRACSEQ_CHECK(limits_of("resource_limits", config.resource_limits));
  TRACSEQ_CHECK(limits_of("resource_requests", config.resource_requests));
  for (const auto& [name, value] : config.environment_variables)
    if (!is_variable_name(name) || value.find('\0') != std::string::npos)
      return fail_field("environment_variables",
                        fmt::format("environment_variables has '{}'; a name is letters, digits and '_', and "
                                    "does not begin with a digit",
                                    name));
  return check_traffic(config);
}

Result<Deployment> Deployments::create(const CallContext& ctx, const DeploymentConfig& request) {
  TRACSEQ_CHECK(check(request));
  DeploymentConfig config = request;
  TRACSEQ_TRY(const auto version, registry_.get(ctx, {config.model_id, config.model_version}));
  config.model_version = version.version;
  if (config.deployment_id.empty()) config.deployment_id = new_id();
  const Deployment made = made_of(ctx, config);
  auto result = ledger_.change<Deployment>(
      ctx, {"deployment.create", "deployment", made.deployment_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Deployment> {
        TRACSEQ_TRY(auto earlier, find_deployment(tx, made.deployment_id));
        if (earlier) {
          if (earlier->project_id != ctx.project_id || !same_content(earlier->config, made.config))
            return fail(Code::conflict, fmt::format("the deployment '{}' exists already with other content",
                                                    made.deployment_id));
          return std::move(*earlier);
        }
        Deployment d = made;
        TRACSEQ_CHECK(refuse_second(tx, ctx, d.config));
        TRACSEQ_TRY(const auto route, find_route(tx, d.project_id, d.service_name));
        if (route && stable_of(*route) != nullptr)
          d.previous_deployment_id = stable_of(*route)->deployment_id;
        if (!version.servable) {
          d.status = Status::failed;
          d.error_message = version.not_servable_reason;
          d.completed_at = now();
          enter(d, Phase::ended);
        }
        TRACSEQ_CHECK(insert(tx, d));
        TRACSEQ_CHECK(add_event(
            tx, d.deployment_id, "created",
            fmt::format("version {} of model {} for {}, strategy {}, {} replica(s)", d.model_version,
                        d.model_id, enum_name(d.environment), enum_name(d.strategy), d.config.replicas)));
        if (d.error_message)
          TRACSEQ_CHECK(add_event(tx, d.deployment_id, "failed",
                                  fmt::format("the version cannot be served: {}", *d.error_message)));
        record.delta = Json::object()
                           .set("model_id", d.model_id)
                           .set("model_version", d.model_version)
                           .set("environment", std::string(enum_name(d.environment)))
                           .set("strategy", std::string(enum_name(d.strategy)))
                           .set("status", std::string(enum_name(d.status)));
        record.publish("deployments", "created");
        return d;
      });
  if (!result) return result;
  return get(ctx, {result->deployment_id});
}

Result<void> Deployments::fill(sql::Session& session, Deployment& d) {
  TRACSEQ_TRY(const auto route, find_route(session, d.project_id, d.service_name));
  if (route) {
    d.endpoint_url = url_of(*route);
    const Share* share = share_of(*route, d.deployment_id);
    d.traffic_percentage = share != nullptr ? share->weight : 0;
  }
  d.replicas_deployed = 0;
  if (is_tended(d.phase)) {
    TRACSEQ_TRY(const auto replicas, replicas_of(session, d.deployment_id, kReplicasListed));
    d.replicas_deployed = std::count_if(replicas.begin(), replicas.end(), [](const Replica& replica) {
      return replica.phase == ReplicaPhase::healthy;
    });
  }
  if (d.started_at)
    d.deployment_duration_seconds =
        static_cast<double>((d.completed_at.value_or(now()) - *d.started_at).count()) / 1e6;
  TRACSEQ_TRY(const auto events,
              events_of(session, d.deployment_id, std::numeric_limits<std::int64_t>::max(), kLogLinesShown));
  d.deployment_logs.clear();
  for (auto event = events.rbegin(); event != events.rend(); ++event)
    d.deployment_logs.push_back(fmt::format("{} {}", format_rfc3339(event->time), event->message));
  return {};
}

Result<Deployment> Deployments::get(const CallContext& ctx, const DeploymentRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<Deployment> {
    TRACSEQ_TRY(Deployment d, load(session, ctx, ref.deployment_id));
    TRACSEQ_CHECK(fill(session, d));
    return d;
  });
}

Result<DeploymentPage> Deployments::list(const CallContext& ctx, const ListDeployments& request) {
  TRACSEQ_TRY(const monitoring::PagePlace place, monitoring::page_place(request.page_token));
  return database_.read([&](sql::Session& session) -> Result<DeploymentPage> {
    DeploymentPage page;
    TRACSEQ_TRY(page.items, list_deployments(session, ctx.project_id, request, place.time_us, place.id));
    if (static_cast<std::int64_t>(page.items.size()) > request.limit) {
      page.items.pop_back();
      page.next_page_token =
          monitoring::page_token(page.items.back().created_at.us, page.items.back().deployment_id);
    }
    for (Deployment& d : page.items) TRACSEQ_CHECK(fill(session, d));
    return page;
  });
}

Result<EventPage> Deployments::events(const CallContext& ctx, const ListEvents& request) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!request.page_token.empty()) {
    TRACSEQ_TRY(const monitoring::PagePlace place, monitoring::page_place(request.page_token));
    TRACSEQ_TRY(before, monitoring::place_number(place));
  }
  return database_.read([&](sql::Session& session) -> Result<EventPage> {
    TRACSEQ_CHECK(load(session, ctx, request.deployment_id));
    EventPage page;
    TRACSEQ_TRY(page.items, events_of(session, request.deployment_id, before, request.limit + 1));
    if (static_cast<std::int64_t>(page.items.size()) > request.limit) {
      page.items.pop_back();
      const Event& last = page.items.back();
      page.next_page_token = monitoring::page_token(last.time.us, std::to_string(last.event_id));
    }
    return page;
  });
}

Result<ReplicaList> Deployments::replicas(const CallContext& ctx, const DeploymentRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<ReplicaList> {
    TRACSEQ_CHECK(load(session, ctx, ref.deployment_id));
    ReplicaList list;
    TRACSEQ_TRY(list.items, replicas_of(session, ref.deployment_id, kReplicasListed));
    return list;
  });
}

Result<Deployment> Deployments::act(const CallContext& ctx, const Deed& deed, Apply apply) {
  CallContext with_reason = ctx;
  if (!deed.reason.empty()) with_reason.reason = deed.reason;
  TRACSEQ_CHECK(
      ledger_.change<Deployment>(with_reason, {deed.action, "deployment", deed.deployment_id},
                                 [&](sql::Transaction& tx, audit::Record& record) -> Result<Deployment> {
                                   TRACSEQ_TRY(Deployment d, load(tx, ctx, deed.deployment_id));
                                   const Deployment before = d;
                                   TRACSEQ_CHECK(apply(tx, d));
                                   TRACSEQ_CHECK(update(tx, d));
                                   record.delta = Json::object()
                                                      .set("from", std::string(enum_name(before.phase)))
                                                      .set("to", std::string(enum_name(d.phase)))
                                                      .set("status", std::string(enum_name(d.status)))
                                                      .set("traffic_percentage", d.traffic_percentage);
                                   record.publish("deployments", "changed");
                                   return d;
                                 }));
  return get(ctx, {deed.deployment_id});
}

Result<Deployment> Deployments::roll_back(const CallContext& ctx, const RollBack& request) {
  return act(ctx, {"deployment.roll_back", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (d.status == Status::rolling_back || !is_tended(d.phase) || d.phase == Phase::draining)
                 return fail(Code::conflict, state_of(d) + "; there is nothing to roll back");
               if (!under_way(d.status)) TRACSEQ_CHECK(refuse_second(tx, ctx, d.config));
               std::string to = request.to_deployment_id;
               if (to.empty()) to = d.previous_deployment_id.value_or("");
               if (to.empty() && !under_way(d.status))
                 return fail(Code::precondition_failed,
                             state_of(d) +
                                 " and follows no other: there is nothing to go back to; stop it, or "
                                 "deploy another version");
               if (!to.empty()) {
                 TRACSEQ_TRY(const Deployment target, load(tx, ctx, to));
                 if (target.service_name != d.service_name || to == d.deployment_id || !target.completed_at ||
                     target.status != Status::deployed)
                   return fail_field(
                       "to_deployment_id",
                       fmt::format("to_deployment_id is '{}'; it must be another deployment of {} "
                                   "that was deployed",
                                   to, d.service_name));
               }
               return begin_return(tx, d, Status::rolled_back, to,
                                   request.reason.empty() ? "asked for" : request.reason);
             });
}

Result<Deployment> Deployments::promote(const CallContext& ctx, const Act& request) {
  return act(ctx, {"deployment.promote", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (d.phase != Phase::analysing)
                 return fail(Code::conflict, state_of(d) + "; only a canary under analysis can be promoted");
               d.paused = false;
               d.pause_reason.clear();
               TRACSEQ_CHECK(add_event(tx, d.deployment_id, "promoted",
                                       fmt::format("promoted by {}: {}", ctx.actor.id, request.reason)));
               return switch_to(tx, d, 100);
             });
}

Result<Deployment> Deployments::pause(const CallContext& ctx, const Act& request) {
  return act(ctx, {"deployment.pause", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (d.status != Status::pending && d.status != Status::deploying)
                 return fail(Code::conflict, state_of(d) + "; only a roll-out under way can be paused");
               if (d.paused) return {};
               d.paused = true;
               d.pause_reason = request.reason.empty() ? "asked for" : request.reason;
               return add_event(tx, d.deployment_id, "paused", "paused: " + d.pause_reason);
             });
}

Result<Deployment> Deployments::resume(const CallContext& ctx, const Act& request) {
  return act(ctx, {"deployment.resume", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (!d.paused) return fail(Code::conflict, state_of(d) + " and not paused");
               d.paused = false;
               d.pause_reason.clear();
               d.phase_since = now();
               if (d.phase == Phase::analysing) {  // the step begins anew
                 d.verdict = Verdict::none;
                 d.step_until = now() + std::chrono::microseconds(
                                            static_cast<std::int64_t>(d.config.canary_step_minutes * 60e6));
               }
               return add_event(tx, d.deployment_id, "resumed", "resumed: " + request.reason);
             });
}

Result<Deployment> Deployments::abort(const CallContext& ctx, const Act& request) {
  return act(ctx, {"deployment.abort", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (d.status != Status::pending && d.status != Status::deploying)
                 return fail(Code::conflict, state_of(d) + "; only a roll-out under way can be aborted");
               return begin_return(tx, d, Status::rolled_back, d.previous_deployment_id.value_or(""),
                                   request.reason.empty() ? "aborted" : "aborted: " + request.reason);
             });
}

Result<Deployment> Deployments::stop(const CallContext& ctx, const Act& request) {
  return act(ctx, {"deployment.stop", request.deployment_id, request.reason},
             [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
               if (under_way(d.status)) return fail(Code::conflict, state_of(d) + "; abort it instead");
               if (!is_tended(d.phase) || d.phase == Phase::draining)
                 return fail(Code::conflict, state_of(d) + "; nothing of it runs");
               TRACSEQ_CHECK(refuse_second(tx, ctx, d.config));
               TRACSEQ_CHECK(add_event(tx, d.deployment_id, "stopping",
                                       fmt::format("stopped by {}: {}", ctx.actor.id, request.reason)));
               return begin_draining(tx, d, Phase::stopped);
             });
}

Result<Deployment> Deployments::set_traffic(const CallContext& ctx, const SetTraffic& request) {
  return act(
      ctx, {"deployment.set_traffic", request.deployment_id, request.reason},
      [&](sql::Transaction& tx, Deployment& d) -> Result<void> {
        TRACSEQ_TRY(Route route, route_for(tx, d));
        if (share_of(route, d.deployment_id) == nullptr)
          return fail(Code::conflict, state_of(d) + "; it has no share of the traffic yet");
        if (route.shares.size() == 1 && request.traffic_percentage != 100)
          return fail_field(
              "traffic_percentage",
              fmt::format("traffic_percentage is {:.6g}; nobody else answers at {}, so it must be 100",
                          request.traffic_percentage, route.service_name));
        if (d.status == Status::rolling_back || d.phase == Phase::switching)
          return fail(Code::conflict, state_of(d) + "; its traffic is being moved");
        const bool canary = d.phase == Phase::analysing;
        if (canary && request.traffic_percentage >= 100)
          return fail(Code::conflict, state_of(d) + "; the whole of the traffic is given by promoting it");
        route.shares = shares_with(route, d, request.traffic_percentage);
        TRACSEQ_CHECK(save_next(tx, route));
        d.traffic_percentage = request.traffic_percentage;
        return add_event(tx, d.deployment_id, "traffic",
                         fmt::format("{:.6g} % of the traffic of {} by {}: {}", request.traffic_percentage,
                                     route.service_name, ctx.actor.id, request.reason));
      });
}

}  // namespace tracseq::deployment
