// SPDX-License-Identifier: MIT
#include "domain/deployment/types.h"

namespace tracseq::deployment {

TRACSEQ_DEFINE_ENUM(Status)
TRACSEQ_DEFINE_ENUM(Environment)
TRACSEQ_DEFINE_ENUM(Strategy)
TRACSEQ_DEFINE_ENUM(TargetKind)
TRACSEQ_DEFINE_ENUM(Phase)
TRACSEQ_DEFINE_ENUM(Verdict)
TRACSEQ_DEFINE_ENUM(ReplicaPhase)

TRACSEQ_DEFINE_TYPE(
    DeploymentConfig, {.name = "deployment_id", .text = "Empty: given", .length_max = kNameBytesMax},
    {.name = "model_id", .required = true, .length_max = kNameBytesMax, .length_min = 1},
    {.name = "model_version", .text = "Empty: the newest", .length_max = kNameBytesMax},
    {.name = "replicas", .min = 1, .max = static_cast<double>(kReplicasMax)},
    {.name = "resource_requests", .length_max = kVariablesMax},
    {.name = "resource_limits",
     .text = "cpu as cores or \"500m\", memory as bytes or \"512Mi\"",
     .length_max = kVariablesMax},
    {.name = "health_check_path", .length_max = kNameBytesMax, .length_min = 1},
    {.name = "health_check_timeout_seconds", .text = "Of one health check", .min = 0.05, .max = 3'600},
    {.name = "ready_timeout_seconds",
     .text = "Until the replicas must be healthy, and of every wait for a step",
     .min = 0.5,
     .max = 86'400},
    {.name = "traffic_percentage", .text = "100, but for a canary", .min = 0, .max = 100},
    {.name = "canary_traffic_percentage", .text = "A canary's first share", .min = 0, .max = 100},
    {.name = "auto_rollback_enabled", .text = "A failure by live traffic rolls back; else it pauses"},
    {.name = "rollback_error_threshold", .text = "The worst bearable share of errors", .min = 0, .max = 1},
    {.name = "rollback_latency_threshold_ms",
     .text = "At most 5 % of requests may take longer",
     .min = 0,
     .max = 1e9},
    {.name = "monitoring_window_minutes", .text = "Watched after it is deployed", .min = 0, .max = 1e6},
    {.name = "environment_variables", .text = "Of its replicas", .length_max = kVariablesMax},
    {.name = "created_by", .length_max = kNameBytesMax}, {.name = "description", .length_max = kTextBytesMax},
    {.name = "canary_steps",
     .text = "Shares after canary_traffic_percentage, rising, each below 100",
     .length_max = kStepsMax},
    {.name = "canary_step_minutes",
     .text = "A step without a verdict after this is inconclusive",
     .min = 0.001,
     .max = 1e6},
    {.name = "auto_promote", .text = "Promoted by the last step's success; else a person promotes"})
TRACSEQ_DEFINE_TYPE(Counts, {.name = "requests", .min = 0}, {.name = "errors", .min = 0})
TRACSEQ_DEFINE_TYPE(Deployment, {.name = "endpoint_url", .text = "Stable per model and environment"},
                    {.name = "deployment_logs", .text = "The newest lines, in order"},
                    {.name = "validation_metrics", .text = "avg_latency_ms, throughput_rps, error_rate"},
                    {.name = "phase", .text = "What it does now; status is how its roll-out went"},
                    {.name = "traffic_percentage", .text = "Its share of the route"})
TRACSEQ_DEFINE_TYPE(Replica, {.name = "process_start", .text = "Clock ticks since boot"},
                    {.name = "cause", .text = "Why it ended, or what its last health check said"})
TRACSEQ_DEFINE_TYPE(GateQuestion, {.name = "question", .text = "errors or latency"},
                    {.name = "events", .text = "Requests that failed, or were too slow"},
                    {.name = "low", .text = "Of their share; the bounds hold at every look"},
                    {.name = "bearable", .text = "The worst bearable share"},
                    {.name = "threshold_ms", .text = "Of latency: what takes longer is too slow"},
                    {.name = "stable_requests", .text = "Of the same time; absent: too few for a comparison"})
TRACSEQ_DEFINE_TYPE(Share)
TRACSEQ_DEFINE_TYPE(Route)
TRACSEQ_DEFINE_TYPE(Gateway)
TRACSEQ_DEFINE_TYPE(Event)
TRACSEQ_DEFINE_TYPE(DeploymentRef, {.name = "deployment_id", .required = true})
TRACSEQ_DEFINE_TYPE(Act, {.name = "deployment_id", .required = true},
                    {.name = "reason", .text = "Goes into the audit", .length_max = 2000})
TRACSEQ_DEFINE_TYPE(RollBack, {.name = "deployment_id", .required = true},
                    {.name = "reason", .length_max = 2000},
                    {.name = "to_deployment_id", .text = "Empty: the one it followed"})
TRACSEQ_DEFINE_TYPE(SetTraffic, {.name = "deployment_id", .required = true},
                    {.name = "traffic_percentage", .required = true, .min = 0, .max = 100},
                    {.name = "reason", .length_max = 2000})
TRACSEQ_DEFINE_TYPE(ListDeployments, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(DeploymentPage)
TRACSEQ_DEFINE_TYPE(ListEvents, {.name = "deployment_id", .required = true},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(EventPage)
TRACSEQ_DEFINE_TYPE(ReplicaList)
TRACSEQ_DEFINE_TYPE(ServiceEndpoint, {.name = "url", .text = "Base address; empty: none has been taken yet"})
TRACSEQ_DEFINE_TYPE(TargetTraffic, {.name = "requests", .text = "Over all its life"},
                    {.name = "mean_latency_ms", .text = "Absent: no request yet"})
TRACSEQ_DEFINE_TYPE(DeploymentTraffic,
                    {.name = "generation_in_force",
                     .text = "What the gateways go by; below generation while traffic is being moved"},
                    {.name = "targets", .text = "Who has a share, the deployment itself last"},
                    {.name = "judged_since", .text = "Absent: it is not judged by live traffic now"},
                    {.name = "judgement", .text = "What live traffic says at this moment; none: not judged"},
                    {.name = "questions", .text = "What the judgement is made of"})
TRACSEQ_DEFINE_TYPE(ListServices)
TRACSEQ_DEFINE_TYPE(ServiceList)

}  // namespace tracseq::deployment
