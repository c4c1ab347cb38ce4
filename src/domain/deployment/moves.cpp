// SPDX-License-Identifier: MIT
#include "domain/deployment/moves.h"

#include <fmt/core.h>

#include <algorithm>

#include "domain/deployment/rows.h"

namespace tracseq::deployment {

void enter(Deployment& deployment, Phase phase) {
  deployment.phase = phase;
  deployment.phase_since = now();
}

Result<Route> route_for(sql::Transaction& tx, const Deployment& d) {
  const std::string name = service_name_of(d.model_id, d.environment);
  TRACSEQ_TRY(auto found, find_route(tx, d.project_id, name));
  if (found) return std::move(*found);
  Route route;
  route.service_name = name;
  route.project_id = d.project_id;
  route.model_id = d.model_id;
  route.environment = d.environment;
  route.health_check_path = d.config.health_check_path;
  route.created_at = now();
  route.updated_at = route.created_at;
  TRACSEQ_CHECK(save(tx, route));
  return route;
}

const Share* stable_of(const Route& route) {
  const auto found =
      std::max_element(route.shares.begin(), route.shares.end(), [](const Share& a, const Share& b) {
        return std::pair(a.role == TargetRole::stable, a.weight) <
               std::pair(b.role == TargetRole::stable, b.weight);
      });
  return found == route.shares.end() ? nullptr : &*found;
}

const Share* share_of(const Route& route, const std::string& deployment_id) {
  for (const Share& share : route.shares)
    if (share.deployment_id == deployment_id) return &share;
  return nullptr;
}

std::vector<Share> shares_with(const Route& route, const Deployment& candidate, double weight) {
  double others = 0;
  for (const Share& share : route.shares)
    if (share.deployment_id != candidate.deployment_id) others += share.weight;
  std::vector<Share> shares;
  bool first = true;
  for (Share share : route.shares) {
    if (share.deployment_id == candidate.deployment_id) continue;
    // Where all the others have nothing, the first of them gets the rest.
    share.weight = others > 0 ? share.weight / others * (100 - weight) : (first ? 100 - weight : 0);
    first = false;
    if (weight >= 100) share.role = TargetRole::candidate;
    shares.push_back(share);
  }
  if (shares.empty()) weight = 100;  // there is nobody else
  const bool whole = weight >= 100;
  if (!whole && std::none_of(shares.begin(), shares.end(),
                             [](const Share& share) { return share.role == TargetRole::stable; }))
    std::max_element(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
      return a.weight < b.weight;
    })->role = TargetRole::stable;
  shares.push_back({candidate.deployment_id, candidate.model_version,
                    whole ? TargetRole::stable : TargetRole::candidate, weight});
  return shares;
}

std::vector<Share> shares_without(const Route& route, const std::string& deployment_id) {
  std::vector<Share> left;
  double sum = 0;
  for (const Share& share : route.shares) {
    if (share.deployment_id == deployment_id) continue;
    left.push_back(share);
    sum += share.weight;
  }
  for (Share& share : left)
    share.weight = sum > 0 ? share.weight / sum * 100 : 100.0 / static_cast<double>(left.size());
  if (left.size() == 1) left.front().role = TargetRole::stable;
  return left;
}

Result<void> switch_to(sql::Transaction& tx, Deployment& d, double weight) {
  TRACSEQ_TRY(Route route, route_for(tx, d));
  route.shares = shares_with(route, d, weight);
  route.health_check_path = d.config.health_check_path;
  TRACSEQ_CHECK(save_next(tx, route));
  const double given = share_of(route, d.deployment_id)->weight;
  d.traffic_percentage = given;
  d.promoting = given >= 100;
  d.awaited_generation = route.generation;
  enter(d, Phase::switching);
  return add_event(tx, d.deployment_id, "traffic",
                   fmt::format("{:.6g} % of the traffic of {} goes to version {}", given, route.service_name,
                               d.model_version),
                   Json::object().set("weight", given).set("generation", route.generation));
}

Result<void> begin_return(sql::Transaction& tx, Deployment& d, Status outcome, const std::string& to,
                          const std::string& reason) {
  d.status = Status::rolling_back;
  d.outcome = outcome;
  d.return_to = to.empty() ? std::nullopt : std::optional(to);
  d.awaited_generation = 0;
  d.paused = false;
  d.promoting = false;
  if (outcome == Status::failed) d.error_message = reason;
  enter(d, Phase::returning);
  return add_event(tx, d.deployment_id, "rolling_back",
                   to.empty() ? fmt::format("taken back: {}", reason)
                              : fmt::format("rolling back to deployment {}: {}", to, reason));
}

Result<void> begin_draining(sql::Transaction& tx, Deployment& d, Phase next) {
  TRACSEQ_TRY(Route route, route_for(tx, d));
  const Share* share = share_of(route, d.deployment_id);
  // It keeps its place in the route, with nothing, until its replicas have answered what they have.
  if (share != nullptr && share->weight > 0 && route.shares.size() > 1) {
    std::vector<Share> shares = shares_without(route, d.deployment_id);
    shares.push_back({d.deployment_id, d.model_version, TargetRole::candidate, 0});
    route.shares = std::move(shares);
    TRACSEQ_CHECK(save_next(tx, route));
  }
  d.traffic_percentage = 0;
  d.replicas_wanted = 0;
  d.next_phase = next;
  enter(d, Phase::draining);
  return {};
}

}  // namespace tracseq::deployment
