// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/registry/types.h"

// The registry's rules that need no database.
namespace tracseq::registry {

// A version goes into production only below this share of failed predictions.
inline constexpr double kErrorRateBound = 0.05;

// `invalid` unless the text can name a model: 1 to 250 bytes of UTF-8 without control characters, '/', ':',
// '\\', and neither "." nor "..", as it stands in URLs and in "<model_id>:<version>".
Result<void> check_model_id(std::string_view model_id);
// The same for a version's text (1 to 100 bytes; ':' is allowed).
Result<void> check_version(std::string_view version);

// Whether a version may go from one status to the other by being promoted or updated.
bool may_move(ModelStatus from, ModelStatus to) noexcept;
// `precondition_failed` says what is missing: a transition that is not allowed, or the error rate.
Result<void> check_move(const ModelVersion& version, ModelStatus to);

// The next semantic version after all of these: 1.0.0 after none, else the highest with its last number
// raised; a pre-release is followed by its release. Texts that are no semantic versions do not count.
std::string next_version(const std::vector<std::string>& versions);

// What makes two registrations the same: the original object (or, without one, all files), config and
// requirements.
std::string content_digest(const ModelVersion& version);

}  // namespace tracseq::registry
