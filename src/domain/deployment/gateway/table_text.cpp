// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/table_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tracseq::deployment::gateway {
namespace {

constexpr std::size_t kNameBytesMax = 500;

// Text that may stand in a header field.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

Result<void> check_target(const TrafficRoute& route, const TrafficTarget& target) {
  const auto wrong = [&](std::string_view what) {
    return fail(Code::invalid, fmt::format("the route '{}': {}", route.service_name, what));
  };
  if (!is_name(target.deployment_id)) return wrong("a deployment_id is empty, too long or not plain text");
  if (!target.model_version.empty() && !is_name(target.model_version))
    return wrong("a model_version is too long or not plain text");
  if (!std::isfinite(target.weight)) return wrong("a weight is not a number");
  std::set<std::string_view> replicas;
  for (const ReplicaAddress& replica : target.replicas)
    if (!replicas.insert(replica.replica_id).second)
      return wrong(fmt::format("the replica '{}' occurs twice", replica.replica_id));
  return {};
}

Result<void> check_route(const TrafficRoute& route) {
  if (!is_name(route.service_name))
    return fail(Code::invalid, "a service_name is empty, too long or not plain text");
  const std::string& path = route.health_check_path;
  if (!path.empty() &&
      (!is_name(path) || path.front() != '/' || path.find_first_of(" ?#") != std::string::npos))
    return fail(Code::invalid, fmt::format("the route '{}': health_check_path is '{}'; it must be a path "
                                           "without query",
                                           route.service_name, path));
  std::set<std::string_view> deployments;
  for (const TrafficTarget& target : route.targets) {
    TRACSEQ_CHECK(check_target(route, target));
    if (!deployments.insert(target.deployment_id).second)
      return fail(Code::invalid, fmt::format("the route '{}': the deployment '{}' occurs twice",
                                             route.service_name, target.deployment_id));
  }
  return {};
}

}  // namespace

Result<TrafficTable> read_table(std::string_view text) {
  TRACSEQ_TRY(TrafficTable table, from_json<TrafficTable>(text, UnknownFields::ignore));
  std::set<std::string_view> names;
  std::set<std::int64_t> ports;
  for (const TrafficRoute& route : table.routes) {
    TRACSEQ_CHECK(check_route(route));
    if (!names.insert(route.service_name).second)
      return fail(Code::invalid, fmt::format("the route '{}' occurs twice", route.service_name));
    if (route.port != 0 && !ports.insert(route.port).second)
      return fail(Code::invalid,
                  fmt::format("the route '{}': port {} is another route's", route.service_name, route.port));
  }
  return table;
}

}  // namespace tracseq::deployment::gateway
