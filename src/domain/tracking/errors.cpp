// SPDX-License-Identifier: MIT
#include "domain/tracking/errors.h"

#include <fmt/core.h>

namespace tracseq::tracking::errors {
namespace {
constexpr std::size_t kShownMax = 80;
}

Error experiment_not_found(std::int64_t experiment_id) {
  return {Code::not_found, fmt::format("no experiment has the id {}", experiment_id), {}, "experiment_id"};
}
Error experiment_name_taken(std::string_view name) {
  return {Code::conflict,
          fmt::format("an experiment is named '{}' already", name.substr(0, kShownMax)),
          {},
          "name"};
}
Error default_experiment_fixed() {
  return {Code::conflict, "the experiment Default (0) cannot be renamed or deleted", {}, "experiment_id"};
}
Error run_not_found(std::string_view run_id) {
  return {Code::not_found, fmt::format("no run has the id '{}'", run_id.substr(0, kShownMax)), {}, "run_id"};
}
Error run_exists(std::string_view run_id) {
  return {Code::conflict, fmt::format("a run has the id '{}' already", run_id), {}, "run_id"};
}
Error run_finished(std::string_view run_id, std::string_view status) {
  return {Code::conflict,
          fmt::format("run '{}' is {} already; its status cannot change", run_id, status),
          {},
          "status"};
}
Error bad_run_id(std::string_view run_id) {
  return {Code::invalid,
          fmt::format("run_id is '{}'; it must be 32 lowercase hex digits", run_id.substr(0, kShownMax)),
          {},
          "run_id"};
}
Error param_fixed(std::string_view key) {
  return {Code::conflict,
          fmt::format("parameter '{}' has another value already; parameters do not change",
                      key.substr(0, kShownMax)),
          {},
          "params"};
}
Error bad_key(std::string_view field, std::string_view key) {
  return {
      Code::invalid,
      fmt::format(
          "{} has the name '{}'; names have 1 to 250 bytes, no control characters, and do not start or end "
          "with a space",
          field, key.substr(0, kShownMax)),
      {},
      std::string(field)};
}
Error too_many(std::string_view field, std::size_t count, std::size_t max) {
  return {Code::too_large,
          fmt::format("{} has {} entries; at most {} are allowed", field, count, max),
          {},
          std::string(field)};
}
Error bad_page_token() {
  return {Code::invalid, "page_token is not one that this list gave", {}, "page_token"};
}

}  // namespace tracseq::tracking::errors
