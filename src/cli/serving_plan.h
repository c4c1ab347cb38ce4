// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "api/core.h"
#include "cli/command.h"
#include "cli/key_authenticator.h"
#include "server/server.h"

namespace tracseq::cli {

// What the roles of `tracseq model-server` are told alike.
struct ServingPlan {
  server::ServerOptions server;
  api::CoreOptions registry;
  std::string token;                      // for the registry
  CallerKey key;                          // of callers
  std::chrono::seconds usage_interval{};  // between two reports of what serving costs
  std::filesystem::path cache_dir;
  std::uint64_t spool_bytes_max = 0;
};

// `invalid` names the option that is wrong.
Result<ServingPlan> serving_plan(const Invocation& in);

}  // namespace tracseq::cli
