// SPDX-License-Identifier: MIT
#include "domain/abtest/user_state.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tracseq::abtest {
namespace {

constexpr int kNestingMax = 4;

// A tally as it is stored: little-endian, as all machines this runs on.
struct Packed {
  std::int64_t measure;
  std::int64_t count;
  double sum;
};

void collect(const Json& document, const std::string& prefix, int depth, Measured& into) {
  const Json::Object* members = document.as_object();
  if (members == nullptr || depth > kNestingMax) return;
  for (const auto& [name, value] : *members) {
    if (into.size() >= kMeasuresMax) return;
    if (prefix.size() + name.size() > kNameBytesMax) continue;
    const std::string full = prefix + name;
    if (value.is_bool()) into.emplace_back(full, value.bool_or(false) ? 1.0 : 0.0);
    if (value.is_number() && std::isfinite(value.number_or(NAN))) into.emplace_back(full, value.number_or(0));
    if (value.is_object()) collect(value, full + ".", depth + 1, into);
  }
}

double clipped(const MetricPlan& plan, double value) {
  if (plan.winsor_low) value = std::max(value, *plan.winsor_low);
  if (plan.winsor_high) value = std::min(value, *plan.winsor_high);
  return value;
}

std::optional<Unit> ratio_unit(const MetricPlace& place, const UserState& state) {
  const Tally* field = state.find(place.field);
  const MetricPlan& plan = place.metric.plan;
  if (plan.denominator.empty()) {
    if (field == nullptr) return std::nullopt;
    const auto count = static_cast<double>(field->count);
    const bool limited = plan.winsor_low || plan.winsor_high;
    return Unit{(limited ? clipped(plan, field->sum / count) * count : field->sum) - place.shift * count,
                count};
  }
  const Tally* denominator = state.find(place.denominator);
  if (field == nullptr && denominator == nullptr) return std::nullopt;
  return Unit{clipped(plan, field != nullptr ? field->sum : 0),
              denominator != nullptr ? denominator->sum : 0};
}

}  // namespace

Measured measures_of(const Interaction& interaction) {
  Measured measured;
  measured.reserve(8);
  measured.emplace_back("success", interaction.success ? 1.0 : 0.0);
  measured.emplace_back("error_rate", interaction.success ? 0.0 : 1.0);
  measured.emplace_back("latency", interaction.latency_ms);
  if (interaction.conversion) measured.emplace_back("conversion", *interaction.conversion ? 1.0 : 0.0);
  if (interaction.value && std::isfinite(*interaction.value))
    measured.emplace_back("value", *interaction.value);
  const std::size_t own = measured.size();
  collect(interaction.response_data, "", 0, measured);
  // A field of the answer that bears the name of one of the record's own is the record's.
  const auto taken = [&](const auto& one) {
    return std::any_of(measured.begin(), measured.begin() + static_cast<std::ptrdiff_t>(own),
                       [&](const auto& mine) { return mine.first == one.first; });
  };
  measured.erase(std::remove_if(measured.begin() + static_cast<std::ptrdiff_t>(own), measured.end(), taken),
                 measured.end());
  return measured;
}

Tally& UserState::place(std::int64_t measure) {
  const auto at = std::lower_bound(tallies_.begin(), tallies_.end(), measure,
                                   [](const auto& one, std::int64_t wanted) { return one.first < wanted; });
  if (at != tallies_.end() && at->first == measure) return at->second;
  return tallies_.insert(at, {measure, {}})->second;
}

void UserState::add(std::int64_t measure, double value) {
  Tally& tally = place(measure);
  ++tally.count;
  tally.sum += value;
}

void UserState::set_once(std::int64_t measure, double value) {
  Tally& tally = place(measure);
  if (tally.count == 0) tally = {1, value};
}

const Tally* UserState::find(std::int64_t measure) const noexcept {
  const auto at = std::lower_bound(tallies_.begin(), tallies_.end(), measure,
                                   [](const auto& one, std::int64_t wanted) { return one.first < wanted; });
  return at != tallies_.end() && at->first == measure ? &at->second : nullptr;
}

std::string UserState::encode() const {
  std::string bytes(tallies_.size() * sizeof(Packed), '\0');
  char* out = bytes.data();
  for (const auto& [measure, tally] : tallies_) {
    const Packed packed{measure, tally.count, tally.sum};
    std::memcpy(out, &packed, sizeof packed);
    out += sizeof packed;
  }
  return bytes;
}

Result<UserState> UserState::decode(std::string_view bytes) {
  if (bytes.size() % sizeof(Packed) != 0)
    return fail(Code::internal, "the state of a user of an A/B test is damaged");
  UserState state;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Packed)) {
    Packed packed{};
    std::memcpy(&packed, bytes.data() + at, sizeof packed);
    state.tallies_.push_back({packed.measure, {packed.count, packed.sum}});
  }
  return state;
}

std::optional<Unit> unit_of(const MetricPlace& place, const UserState& state) {
  const MetricPlan& plan = place.metric.plan;
  if (plan.kind == MetricKind::ratio) return ratio_unit(place, state);
  const Tally* field = state.find(place.field);
  if (field == nullptr) return std::nullopt;
  const auto count = static_cast<double>(field->count);
  const Tally* before = state.find(place.covariate);
  const double x = before != nullptr ? before->sum - place.covariate_shift : 0;
  switch (plan.kind) {
    case MetricKind::proportion:
      return Unit{field->sum > 0 ? 1.0 : 0.0, x};
    case MetricKind::quantile:
      return Unit{count, 0};
    default:
      return Unit{clipped(plan, field->sum / count) - place.shift, x};
  }
}

}  // namespace tracseq::abtest
