// SPDX-License-Identifier: MIT
#include "domain/registry/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include "base/crypto.h"
#include "base/identifier.h"

namespace tracseq::registry {
namespace {

constexpr std::size_t kVersionBytesMax = 100;

// major, minor, patch, and whether it is a release.
using Semantic = std::tuple<std::int64_t, std::int64_t, std::int64_t, bool>;

std::optional<Semantic> parse_semantic(std::string_view text) {
  if (const std::size_t build = text.find('+'); build != std::string_view::npos) text = text.substr(0, build);
  const std::size_t dash = text.find('-');
  const bool release = dash == std::string_view::npos;
  if (!release) {
    if (dash + 1 == text.size()) return std::nullopt;
    text = text.substr(0, dash);
  }
  std::array<std::int64_t, 3> parts{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // Nine digits at most: every sum of them stays an exact number.
    const auto [next, error] = std::from_chars(at, std::min(end, at + 9), parts[i]);
    if (error != std::errc{} || parts[i] < 0) return std::nullopt;
    if (i < 2 && (next == end || *next != '.')) return std::nullopt;
    at = i < 2 ? next + 1 : next;
  }
  if (at != end) return std::nullopt;
  return Semantic{parts[0], parts[1], parts[2], release};
}

}  // namespace

Result<void> check_model_id(std::string_view model_id) {
  TRACSEQ_CHECK(check_identifier("model_id", model_id));
  if (model_id.find(':') != std::string_view::npos)
    return fail_field("model_id", fmt::format("model_id '{}' holds a ':'", model_id));
  return {};
}

Result<void> check_version(std::string_view version) {
  return check_identifier("version", version, kVersionBytesMax);
}

bool may_move(ModelStatus from, ModelStatus to) noexcept {
  using enum ModelStatus;
  switch (from) {
    case training:
      return to == validating || to == staging || to == failed || to == archived;
    case validating:
      return to == training || to == staging || to == failed || to == archived;
    case staging:
      return to == production || to == validating || to == failed || to == archived;
    case production:
      return to == staging || to == archived;
    case archived:
      return to == staging;
    case failed:
      return to == training || to == archived;
  }
  return false;
}

Result<void> check_move(const ModelVersion& version, ModelStatus to) {
  if (!may_move(version.status, to))
    return fail(Code::precondition_failed,
                fmt::format("version '{}' of model '{}' is in {}; from there it cannot go to {}",
                            version.version, version.model_id, enum_name(version.status), enum_name(to)));
  // Also refused: an error rate that is not a number.
  if (to == ModelStatus::production && !(version.error_rate < kErrorRateBound))
    return fail(
        Code::precondition_failed,
        fmt::format("version '{}' of model '{}' has an error rate of {}; production needs less than {}",
                    version.version, version.model_id, version.error_rate, kErrorRateBound));
  return {};
}

std::string next_version(const std::vector<std::string>& versions) {
  std::optional<Semantic> highest;
  for (const std::string& text : versions)
    if (const auto parsed = parse_semantic(text); parsed && (!highest || *parsed > *highest))
      highest = parsed;
  if (!highest) return "1.0.0";
  const auto [major, minor, patch, release] = *highest;
  return fmt::format("{}.{}.{}", major, minor, release ? patch + 1 : patch);
}

std::string content_digest(const ModelVersion& version) {
  const bool has_original =
      std::any_of(version.files.begin(), version.files.end(),
                  [](const ModelFile& file) { return file.role == FileRole::original; });
  std::vector<std::string> files;
  for (const ModelFile& file : version.files)
    if (!has_original || file.role == FileRole::original)
      files.push_back(fmt::format("{} {}", enum_name(file.role), file.digest));
  std::sort(files.begin(), files.end());
  Json document = Json::object();
  document.set("files", to_document(files));
  document.set("config", version.config);
  document.set("requirements", to_document(version.requirements));
  return sha256_hex(bytes_of(canonical_json(document)));
}

}  // namespace tracseq::registry
