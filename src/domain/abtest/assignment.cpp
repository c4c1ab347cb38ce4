// SPDX-License-Identifier: MIT
#include "domain/abtest/assignment.h"

#include <cmath>
#include <utility>

#include "stats/assignment.h"

namespace tracseq::abtest {
namespace {

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.number_or(0) == b.number_or(0);
  return canonical_json(a) == canonical_json(b);
}

bool passes(const Json& filters, const Json& attributes) {
  const Json::Object* wanted = filters.as_object();
  if (wanted == nullptr) return true;
  for (const auto& [name, value] : *wanted) {
    const Json* given = attributes.find(name);
    if (given == nullptr || !same_value(value, *given)) return false;
  }
  return true;
}

Assignment none(const char* reason) { return {std::nullopt, reason, false}; }

}  // namespace

Assigner::Assigner(std::string test_id, std::string project_id, Plan plan)
    : plan_(std::move(plan)),
      seed_(plan_.seed.empty() ? std::move(test_id) : plan_.seed),
      holdout_seed_("__holdout__" + std::move(project_id)) {
  double low = 0;
  for (const Variant& variant : plan_.variants) {
    ranges_.push_back({low, variant.share});
    low += variant.share;
  }
}

Assignment Assigner::assign(std::string_view user_id, const Json& attributes, double coverage) const {
  if (user_id.empty()) return none("no_user");
  if (!passes(plan_.user_filters, attributes)) return none("filtered");
  if (!plan_.forced_variants.empty()) {
    const auto forced = plan_.forced_variants.find(std::string(user_id));
    if (forced != plan_.forced_variants.end()) return {forced->second, "forced", false};
  }
  if (plan_.holdout > 0 && stats::bucket(stats::BucketHash::v2, holdout_seed_, user_id) < plan_.holdout)
    return none("holdout");
  if (plan_.exclusion_group &&
      !stats::in_namespace(plan_.exclusion_group->name, user_id,
                           {plan_.exclusion_group->low, plan_.exclusion_group->high}))
    return none("exclusion_group");
  const double place = stats::bucket(stats::BucketHash::v2, seed_, user_id);
  for (std::size_t i = 0; i < ranges_.size(); ++i)
    if (place >= ranges_[i].low && place < ranges_[i].low + ranges_[i].share * coverage)
      return {plan_.variants[i].name, "hash", true};
  // The last range ends at 1, whatever rounding made of the sum of the shares.
  if (coverage >= 1 && ranges_.back().share > 0 && place >= ranges_.back().low)
    return {plan_.variants.back().name, "hash", true};
  return none("not_covered");
}

}  // namespace tracseq::abtest
