// SPDX-License-Identifier: MIT
#include "domain/serving/model_table.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::serving {

TRACSEQ_DEFINE_ENUM(ModelState)
TRACSEQ_DEFINE_TYPE(ModelReport, {.name = "name", .text = "The model"},
                    {.name = "wanted_version", .text = "The version the registry has in production"},
                    {.name = "serving_version", .text = "The version that answers; empty: none"},
                    {.name = "state", .text = "How the wanted version stands"},
                    {.name = "reason", .text = "Why the state is not ready"},
                    {.name = "since", .text = "When the state began"})

bool never_served(ModelState state) {
  return state == ModelState::broken || state == ModelState::not_servable;
}

ModelTable::ModelTable() : snapshot_(std::make_shared<const Snapshot>()) {}

std::shared_ptr<const ModelTable::Snapshot> ModelTable::snapshot() const {
  const Lock lock(mutex_);
  return snapshot_;
}

template <class F>
void ModelTable::change(F function) {
  const Lock lock(mutex_);
  auto next = std::make_shared<Snapshot>(*snapshot_);
  function(*next);
  snapshot_ = std::move(next);
}

Result<std::shared_ptr<const ServedModel>> ModelTable::find(std::string_view name,
                                                            std::string_view version) const {
  const auto now = snapshot();
  const auto found = now->entries.find(name);
  if (found == now->entries.end()) {
    if (!now->complete)
      return fail(Code::unavailable,
                  fmt::format("the model '{}' is not here yet: the registry has not answered", name));
    return fail(Code::not_found, fmt::format("there is no model '{}' in production", name));
  }
  const Entry& entry = found->second;
  if (entry.current && (version.empty() || entry.current->version == version)) return entry.current;
  const bool recent = entry.replaced && Steady::now() - entry.replaced_at < kReplacedKept;
  if (!version.empty() && recent && entry.replaced->version == version) return entry.replaced;
  if (!version.empty() && version != entry.report.wanted_version)
    return fail(Code::not_found, fmt::format("the model '{}' has no version '{}' in production; it is {}",
                                             name, version, entry.report.wanted_version));
  if (never_served(entry.report.state))
    return fail(Code::unsupported, fmt::format("the model '{}' version {} cannot be served: {}", name,
                                               entry.report.wanted_version, entry.report.reason));
  return fail(Code::unavailable,
              fmt::format("the model '{}' version {} is not ready: {}", name, entry.report.wanted_version,
                          entry.report.reason.empty() ? "it is loading" : entry.report.reason));
}

void ModelTable::publish(std::shared_ptr<const ServedModel> served) {
  change([&](Snapshot& next) {
    Entry& entry = next.entries[served->name];
    if (entry.current && entry.current->version != served->version) {
      entry.replaced = entry.current;
      entry.replaced_at = Steady::now();
    }
    entry.report = {served->name, served->version, served->version, ModelState::ready, {}, now()};
    entry.current = std::move(served);
  });
}

void ModelTable::report(std::string_view name, std::string_view version, ModelState state,
                        std::string reason) {
  change([&](Snapshot& next) {
    Entry& entry = next.entries[std::string(name)];
    ModelReport& report = entry.report;
    const bool same = report.wanted_version == version && report.state == state && !report.name.empty();
    if (state == ModelState::not_servable &&
        entry.current) {  // promoted on purpose: the old version must not pass for it
      entry.replaced = std::move(entry.current);
      entry.replaced_at = Steady::now();
      entry.current = nullptr;
    }
    report.name = name;
    report.wanted_version = version;
    report.serving_version = entry.current ? entry.current->version : std::string();
    report.state = state;
    report.reason = std::move(reason);
    if (!same) report.since = now();
  });
}

void ModelTable::keep_only(const std::vector<std::string>& names) {
  change([&](Snapshot& next) {
    std::erase_if(next.entries, [&](const auto& item) {
      return std::find(names.begin(), names.end(), item.first) == names.end();
    });
    for (auto& [name, entry] : next.entries)
      if (entry.replaced && Steady::now() - entry.replaced_at >= kReplacedKept) entry.replaced.reset();
  });
}

std::vector<ModelReport> ModelTable::reports() const {
  const auto now = snapshot();  // held while it is read: the loop below would not
  std::vector<ModelReport> reports;
  for (const auto& [name, entry] : now->entries) reports.push_back(entry.report);
  return reports;
}

std::vector<std::string> ModelTable::versions(std::string_view name) const {
  const auto now = snapshot();
  const auto found = now->entries.find(name);
  if (found == now->entries.end() || !found->second.current) return {};
  return {found->second.current->version};
}

bool ModelTable::serves(std::string_view name) const { return !versions(name).empty(); }

bool ModelTable::ready() const {
  const auto now = snapshot();
  if (!now->complete) return false;
  return std::all_of(now->entries.begin(), now->entries.end(), [](const auto& item) {
    return item.second.current != nullptr || never_served(item.second.report.state);
  });
}

void ModelTable::set_complete() {
  change([](Snapshot& next) { next.complete = true; });
}

}  // namespace tracseq::serving
