// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "domain/deployment/traffic.h"

// The words of deployments. A deployment is desired state: one version of a model in an environment, with how
// it gets there. `status` says how its roll-out went, `phase` what it does now.
namespace tracseq::deployment {

inline constexpr std::size_t kNameBytesMax = 250;
inline constexpr std::size_t kTextBytesMax = 4'000;
inline constexpr std::size_t kVariablesMax = 200;
inline constexpr std::size_t kStepsMax = 50;
inline constexpr std::int64_t kLogLinesShown = 200;  // of a deployment's record; its events have all

enum class Status { pending, deploying, deployed, failed, rolling_back, rolled_back };
TRACSEQ_DESCRIBE_ENUM(Status, pending, deploying, deployed, failed, rolling_back, rolled_back)
enum class Environment { staging, production, canary, development };
TRACSEQ_DESCRIBE_ENUM(Environment, staging, production, canary, development)
enum class Strategy { blue_green, rolling, canary, immediate };
TRACSEQ_DESCRIBE_ENUM(Strategy, blue_green, rolling, canary, immediate)
enum class TargetKind { local, docker, kubernetes };
TRACSEQ_DESCRIBE_ENUM(TargetKind, local, docker, kubernetes)

// pending: nothing has been done yet. starting: its replicas come up and are health-checked. validating:
// probe requests of our own measure it. switching: its share is recorded, the gateway has yet to go by it.
// analysing: a canary, judged by live traffic. watching: deployed, an error or latency beyond the bounds
// rolls it back. live: deployed and no longer watched. restoring: a former deployment whose replicas start
// again. returning: the traffic goes back. draining: its replicas answer what they have and end. superseded,
// stopped, ended: no replicas; another took over, a person stopped it, its roll-out failed or was rolled
// back.
enum class Phase {
  pending,
  starting,
  validating,
  switching,
  analysing,
  watching,
  live,
  restoring,
  returning,
  draining,
  superseded,
  stopped,
  ended
};
TRACSEQ_DESCRIBE_ENUM(Phase, pending, starting, validating, switching, analysing, watching, live, restoring,
                      returning, draining, superseded, stopped, ended)

enum class Verdict { none, success, failure, inconclusive };
TRACSEQ_DESCRIBE_ENUM(Verdict, none, success, failure, inconclusive)

// What a caller asks for: the guide's DeploymentConfig, then ours.
struct DeploymentConfig {
  std::string deployment_id;  // empty: given. The same again with the same content is the one that is there
  std::string model_id;
  std::string model_version;  // empty: the newest
  Environment environment = Environment::development;
  Strategy strategy = Strategy::immediate;
  std::int64_t replicas = 1;
  std::map<std::string, std::string> resource_requests{{"cpu", "500m"}, {"memory", "1Gi"}};
  std::map<std::string, std::string> resource_limits{{"cpu", "1000m"}, {"memory", "2Gi"}};
  std::string health_check_path = "/health";
  double health_check_timeout_seconds = 30;
  double ready_timeout_seconds = 300;
  double traffic_percentage = 100;
  double canary_traffic_percentage = 10;
  bool auto_rollback_enabled = true;
  double rollback_error_threshold = 0.1;
  double rollback_latency_threshold_ms = 2000;
  double monitoring_window_minutes = 15;
  std::map<std::string, std::string> environment_variables;
  std::optional<Timestamp> created_at;
  std::string created_by;
  std::string description;

  TargetKind target = TargetKind::local;
  std::vector<double> canary_steps;  // shares after canary_traffic_percentage, rising; empty: none
  double canary_step_minutes = 5;    // a step without a verdict after this is inconclusive
  bool auto_promote = false;         // after the last step's success; else a person promotes
};
TRACSEQ_DESCRIBE(DeploymentConfig,
                 (deployment_id, model_id, model_version, environment, strategy, replicas, resource_requests,
                  resource_limits, health_check_path, health_check_timeout_seconds, ready_timeout_seconds,
                  traffic_percentage, canary_traffic_percentage, auto_rollback_enabled,
                  rollback_error_threshold, rollback_latency_threshold_ms, monitoring_window_minutes,
                  environment_variables, created_at, created_by, description, target, canary_steps,
                  canary_step_minutes, auto_promote))

// Requests a deployment answered, as far as gateways have reported.
struct Counts {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  double latency_sum_ms = 0;
  double latency_square_sum = 0;
  std::vector<std::int64_t> latency_buckets;
};
TRACSEQ_DESCRIBE(Counts, (requests, errors, latency_sum_ms, latency_square_sum, latency_buckets))

// One deployment, as stored and as answered. The first block is the guide's DeploymentRecord; what other
// tables know (endpoint_url, replicas_deployed, deployment_logs) is filled in for answers.
struct Deployment {
  std::string deployment_id;
  std::string model_id;
  std::string model_version;
  Environment environment = Environment::development;
  Strategy strategy = Strategy::immediate;
  Status status = Status::pending;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> completed_at;
  std::string service_name;
  std::string endpoint_url;
  std::int64_t replicas_deployed = 0;
  std::optional<std::string> previous_deployment_id;
  bool health_check_passed = false;
  bool performance_validated = false;
  std::vector<std::string> deployment_logs;
  std::optional<std::string> error_message;
  double deployment_duration_seconds = 0;
  std::map<std::string, double> validation_metrics;
  Timestamp created_at;

  Phase phase = Phase::pending;
  std::int64_t revision = 1;
  std::string project_id;
  DeploymentConfig config;
  double traffic_percentage = 0;  // its share of the route now
  std::int64_t replicas_wanted = 0;
  bool paused = false;
  std::string pause_reason;
  Verdict verdict = Verdict::none;
  std::string verdict_reason;
  std::int64_t step = 0;  // of a canary: 0 is canary_traffic_percentage
  std::optional<Timestamp> step_until;
  std::optional<Timestamp> watch_until;
  std::optional<Timestamp> phase_since;
  std::int64_t awaited_generation = 0;   // in `switching` and `returning`
  bool promoting = false;                // `switching` to the whole of the traffic
  std::optional<std::string> return_to;  // of a roll-back: the deployment the traffic goes to
  Status outcome = Status::rolled_back;  // of a roll-back: what the status becomes
  Phase next_phase = Phase::ended;       // after `draining`
  Counts baseline;                       // its own counts when the analysis began
  Counts stable_baseline;                // those of the deployment it is compared with
};
TRACSEQ_DESCRIBE(Deployment,
                 (deployment_id, model_id, model_version, environment, strategy, status, started_at,
                  completed_at, service_name, endpoint_url, replicas_deployed, previous_deployment_id,
                  health_check_passed, performance_validated, deployment_logs, error_message,
                  deployment_duration_seconds, validation_metrics, created_at, phase, revision, project_id,
                  config, traffic_percentage, replicas_wanted, paused, pause_reason, verdict, verdict_reason,
                  step, step_until, watch_until, phase_since, awaited_generation, promoting, return_to,
                  outcome, next_phase, baseline, stable_baseline))

// What live traffic says of one question about a candidate: are its errors, are its slow answers bearable?
struct GateQuestion {
  std::string question;     // "errors" or "latency"
  std::int64_t events = 0;  // requests that failed, or were too slow
  std::int64_t requests = 0;
  double low = 0;  // of the share; the bounds hold at every look
  double high = 1;
  double bearable = 0;
  std::optional<double> threshold_ms;  // of latency: what too slow means
  std::optional<std::int64_t> stable_events;
  std::optional<std::int64_t> stable_requests;
  Verdict verdict = Verdict::inconclusive;
};
TRACSEQ_DESCRIBE(GateQuestion, (question, events, requests, low, high, bearable, threshold_ms, stable_events,
                                stable_requests, verdict))

// planned: recorded, perhaps not started. starting: there is a process. ready: it listens. healthy: the
// health checks passed. draining: it gets no new request. ending: it was told to end. ended: it is gone.
enum class ReplicaPhase { planned, starting, ready, healthy, draining, ending, ended };
TRACSEQ_DESCRIBE_ENUM(ReplicaPhase, planned, starting, ready, healthy, draining, ending, ended)

struct Replica {
  std::string replica_id;
  std::string deployment_id;
  std::string model_id;
  std::string model_version;
  ReplicaPhase phase = ReplicaPhase::planned;
  std::int64_t fence = 0;  // of the lease under which it was planned
  std::string host = "127.0.0.1";
  std::int64_t port = 0;
  std::int64_t pid = 0;
  std::int64_t process_start = 0;  // clock ticks since boot: with the pid it names one process
  std::string limits;              // what holds its memory and CPU
  std::int64_t checks_passed = 0;  // health checks in a row
  std::string cause;               // why it ended, or what its last health check said
  Timestamp created_at;
  std::optional<Timestamp> phase_since;
  std::optional<Timestamp> ended_at;
  std::int64_t drain_generation = 0;  // the route's when it began to drain
};
TRACSEQ_DESCRIBE(Replica, (replica_id, deployment_id, model_id, model_version, phase, fence, host, port, pid,
                           process_start, limits, checks_passed, cause, created_at, phase_since, ended_at,
                           drain_generation))

struct Share {
  std::string deployment_id;
  std::string model_version;
  TargetRole role = TargetRole::stable;
  double weight = 0;
};
TRACSEQ_DESCRIBE(Share, (deployment_id, model_version, role, weight))

// The stable address of a model in an environment and who answers there.
struct Route {
  std::string service_name;
  std::string project_id;
  std::string model_id;
  Environment environment = Environment::development;
  std::int64_t port = 0;  // taken again after a restart
  std::int64_t generation = 0;
  std::string health_check_path = "/health";
  std::vector<Share> shares;
  Timestamp created_at;
  Timestamp updated_at;
};
TRACSEQ_DESCRIBE(Route, (service_name, project_id, model_id, environment, port, generation, health_check_path,
                         shares, created_at, updated_at))

// A gateway as it last reported, and the process that it is.
struct Gateway {
  std::string gateway_id;
  std::int64_t pid = 0;
  std::int64_t process_start = 0;
  std::int64_t attempts = 0;  // starts in a row that brought no report
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> seen_at;
  std::optional<GatewayReport> report;  // the last one, without counts
};
TRACSEQ_DESCRIBE(Gateway, (gateway_id, pid, process_start, attempts, started_at, seen_at, report))

// A line of a deployment's log.
struct Event {
  std::int64_t event_id = 0;
  std::string deployment_id;
  Timestamp time;
  std::string kind;
  std::string message;
  Json data;
};
TRACSEQ_DESCRIBE(Event, (event_id, deployment_id, time, kind, message, data))

struct DeploymentRef {
  std::string deployment_id;
};
TRACSEQ_DESCRIBE(DeploymentRef, (deployment_id))

// What a person does to a deployment, and why.
struct Act {
  std::string deployment_id;
  std::string reason;
};
TRACSEQ_DESCRIBE(Act, (deployment_id, reason))

struct RollBack {
  std::string deployment_id;
  std::string reason;
  std::string to_deployment_id;  // empty: the one it followed
};
TRACSEQ_DESCRIBE(RollBack, (deployment_id, reason, to_deployment_id))

struct SetTraffic {
  std::string deployment_id;
  double traffic_percentage = 0;
  std::string reason;
};
TRACSEQ_DESCRIBE(SetTraffic, (deployment_id, traffic_percentage, reason))

struct ListDeployments {
  std::string model_id;
  std::optional<Environment> environment;
  std::optional<Status> status;
  std::int64_t limit = 50;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListDeployments, (model_id, environment, status, limit, page_token))

struct DeploymentPage {
  std::vector<Deployment> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(DeploymentPage, (items, next_page_token))

struct ListEvents {
  std::string deployment_id;
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListEvents, (deployment_id, limit, page_token))

struct EventPage {
  std::vector<Event> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(EventPage, (items, next_page_token))

struct ReplicaList {
  std::vector<Replica> items;
};
TRACSEQ_DESCRIBE(ReplicaList, (items))

// A deployment that answers at a route's address.
struct ServiceEndpoint {
  std::string service_name;
  std::string model_id;
  std::string model_version;
  Environment environment = Environment::development;
  std::string url;
  std::int64_t port = 0;
  std::string protocol = "http";
  bool is_healthy = false;
  std::optional<Timestamp> last_health_check;
  double traffic_percentage = 0;
  Timestamp created_at;
  Timestamp updated_at;
  std::string deployment_id;
  TargetRole role = TargetRole::stable;
  std::int64_t generation = 0;
  std::int64_t generation_in_force = 0;
  std::int64_t requests = 0;
  std::int64_t errors = 0;
};
TRACSEQ_DESCRIBE(ServiceEndpoint, (service_name, model_id, model_version, environment, url, port, protocol,
                                   is_healthy, last_health_check, traffic_percentage, created_at, updated_at,
                                   deployment_id, role, generation, generation_in_force, requests, errors))

// One who answers at a deployment's address, and how much.
struct TargetTraffic {
  std::string deployment_id;
  std::string model_version;
  TargetRole role = TargetRole::stable;
  double weight = 0;
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  std::optional<double> mean_latency_ms;
};
TRACSEQ_DESCRIBE(TargetTraffic,
                 (deployment_id, model_version, role, weight, requests, errors, mean_latency_ms))

// Where the requests of a deployment's address go now, and what they say of it.
struct DeploymentTraffic {
  std::string deployment_id;
  std::string service_name;
  std::int64_t generation = 0;
  std::int64_t generation_in_force = 0;
  bool is_healthy = false;
  std::vector<TargetTraffic> targets;
  std::optional<Timestamp> judged_since;
  Verdict judgement = Verdict::none;
  std::string judgement_reason;
  std::vector<GateQuestion> questions;
};
TRACSEQ_DESCRIBE(DeploymentTraffic, (deployment_id, service_name, generation, generation_in_force, is_healthy,
                                     targets, judged_since, judgement, judgement_reason, questions))

struct ListServices {
  std::optional<Environment> environment;
};
TRACSEQ_DESCRIBE(ListServices, (environment))

struct ServiceList {
  std::vector<ServiceEndpoint> items;
};
TRACSEQ_DESCRIBE(ServiceList, (items))

// Whether the roll-out is still under way.
[[nodiscard]] constexpr bool under_way(Status status) noexcept {
  return status == Status::pending || status == Status::deploying || status == Status::rolling_back;
}
// Whether a reconciler still has something to do with it, be it only to watch over its replicas.
[[nodiscard]] constexpr bool is_tended(Phase phase) noexcept {
  return phase != Phase::superseded && phase != Phase::stopped && phase != Phase::ended;
}

}  // namespace tracseq::deployment
