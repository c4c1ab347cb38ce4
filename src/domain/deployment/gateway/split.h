// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/deployment/traffic.h"

// Which target of a route a request goes to. Pure functions.
namespace tracseq::deployment::gateway {

// A target's claim on the requests of its route.
struct Share {
  std::string deployment_id;
  std::string version;
  TargetRole role = TargetRole::stable;
  double weight = 0;       // not negative; only their relation counts
  std::uint64_t seed = 0;  // seed_of(deployment_id)
};

std::uint64_t seed_of(std::string_view deployment_id);

// The target at a point of [0, 1), each having as much of it as its weight says. Nothing if all weigh 0.
std::optional<std::size_t> target_at(std::span<const Share> shares, double point);

// The target of a key, the same for ever as long as the shares stay: of many keys each target gets the part
// its weight says, and when weights change only those keys move that must (weighted rendezvous hashing: a
// target that gains takes keys from those that lose and gives none). Nothing if all weigh 0.
std::optional<std::size_t> target_of_key(std::span<const Share> shares, std::string_view key);

// The target a caller names: "stable", "candidate", a version or a deployment's id. Among several of one role
// or version the one that weighs most. Nothing if there is none of that name.
std::optional<std::size_t> target_named(std::span<const Share> shares, std::string_view name);

}  // namespace tracseq::deployment::gateway
