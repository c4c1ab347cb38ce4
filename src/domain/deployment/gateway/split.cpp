// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/split.h"

#include <xxhash.h>

#include <cmath>

namespace tracseq::deployment::gateway {

std::uint64_t seed_of(std::string_view deployment_id) {
  return XXH3_64bits(deployment_id.data(), deployment_id.size());
}

std::optional<std::size_t> target_at(std::span<const Share> shares, double point) {
  double total = 0;
  for (const Share& share : shares) total += share.weight;
  std::optional<std::size_t> last;  // rounding must not let the end of the line miss
  double reached = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].weight <= 0) continue;
    last = i;
    reached += shares[i].weight;
    if (point * total < reached) return i;
  }
  return last;
}

std::optional<std::size_t> target_of_key(std::span<const Share> shares, std::string_view key) {
  std::optional<std::size_t> best;
  double best_score = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].weight <= 0) continue;
    const std::uint64_t hash = XXH3_64bits_withSeed(key.data(), key.size(), shares[i].seed);
    const double unit = (static_cast<double>(hash >> 11U) + 0.5) * 0x1p-53;  // in (0, 1)
    const double score = shares[i].weight / -std::log(unit);
    if (best && score <= best_score) continue;
    best = i;
    best_score = score;
  }
  return best;
}

std::optional<std::size_t> target_named(std::span<const Share> shares, std::string_view name) {
  const auto bears = [&](const Share& share) {
    if (name == "stable") return share.role == TargetRole::stable;
    if (name == "candidate") return share.role == TargetRole::candidate;
    return name == share.version || name == share.deployment_id;
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (bears(shares[i]) && (!best || shares[i].weight > shares[*best].weight)) best = i;
  return best;
}

}  // namespace tracseq::deployment::gateway
