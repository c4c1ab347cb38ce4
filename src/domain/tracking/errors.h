// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/result.h"

// All wording of tracking's errors.
namespace tracseq::tracking::errors {

Error experiment_not_found(std::int64_t experiment_id);
Error experiment_name_taken(std::string_view name);
Error default_experiment_fixed();
Error run_not_found(std::string_view run_id);
Error run_exists(std::string_view run_id);
Error run_finished(std::string_view run_id, std::string_view status);
Error bad_run_id(std::string_view run_id);
Error param_fixed(std::string_view key);
Error bad_key(std::string_view field, std::string_view key);
Error too_many(std::string_view field, std::size_t count, std::size_t max);
Error bad_page_token();

}  // namespace tracseq::tracking::errors
