// SPDX-License-Identifier: MIT
#include "domain/serving/follower.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "domain/serving/fit.h"

namespace tracseq::serving {

TRACSEQ_DEFINE_ENUM(RegistryState)
TRACSEQ_DEFINE_TYPE(FollowerReport, {.name = "registry", .text = "Whether the registry answers"},
                    {.name = "reason", .text = "Why it does not"},
                    {.name = "last_contact", .text = "When it answered last"})

namespace {

bool same_content(const WantedModel& a, const WantedModel& b) {
  const auto digest = [](const std::optional<WantedFile>& file) {
    return file ? file->digest : std::string();
  };
  return a.version == b.version && digest(a.artefact) == digest(b.artefact) &&
         digest(a.transformation) == digest(b.transformation) && a.feature_columns == b.feature_columns &&
         a.not_servable_reason == b.not_servable_reason && a.signature == b.signature;
}

}  // namespace

Follower::Follower(ModelTable& table, ModelCache& cache, std::vector<Engine*> engines,
                   RegistrySource& registry, MakeTransformation make_transformation, FollowerOptions options)
    : table_(table),
      cache_(cache),
      engines_(std::move(engines)),
      registry_(registry),
      make_transformation_(std::move(make_transformation)),
      options_(options) {}

Follower::~Follower() { stop(); }

void Follower::start() {
  serve_cached();
  thread_ = std::thread([this] { run(); });
}

void Follower::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

FollowerReport Follower::report() const {
  const Lock lock(mutex_);
  return report_;
}

void Follower::run() {
  for (;;) {
    look();
    Lock lock(mutex_);
    if (!stopping_) wake_.wait_for(lock, options_.interval);
    if (stopping_) return;
  }
}

void Follower::serve_cached() {
  const CacheManifest manifest = cache_.read_manifest();
  for (const WantedModel& model : manifest.models) {
    if (!model.not_servable_reason.empty()) {
      refuse(model, {ModelState::not_servable, model.not_servable_reason});
      continue;
    }
    auto loaded = load(model, true);
    if (loaded && loaded->refusal) {
      refuse(model, *loaded->refusal);
      continue;
    }
    if (loaded) {
      table_.publish(std::move(loaded->served));
      serving_[model.model_id] = model;
    } else {
      table_.report(model.model_id, model.version, ModelState::failed, loaded.error().message);
    }
    log::info("model_from_cache", {{"model_id", model.model_id},
                                   {"version", model.version},
                                   {"loaded", loaded.has_value()},
                                   {"reason", loaded ? std::string() : loaded.error().message}});
  }
  if (!manifest.models.empty()) table_.set_complete();
}

void Follower::look() {
  auto answer = registry_.production();
  note(answer ? Result<void>{} : Result<void>(tl::unexpect, answer.error()));
  if (!answer) return;
  if (*answer) wanted_ = std::move(**answer);
  apply();
}

// Remembers and logs whether the registry answers; a line only where that changes.
void Follower::note(const Result<void>& contact) {
  const Lock lock(mutex_);
  const RegistryState before = report_.registry;
  if (contact) {
    report_ = {RegistryState::reachable, {}, now()};
  } else {
    const bool credential =
        contact.error().code == Code::unauthenticated || contact.error().code == Code::forbidden;
    report_.registry = credential ? RegistryState::unauthenticated : RegistryState::unreachable;
    report_.reason = contact.error().message;
    if (credential) report_.reason += " (set MLOPS_API_KEY or --token-file)";
  }
  if (report_.registry != before)
    log::write(contact ? log::Level::info : log::Level::warning, "registry_state",
               {{"state", enum_name(type_info<RegistryState>(), static_cast<std::int64_t>(report_.registry))},
                {"reason", report_.reason}});
}

void Follower::apply() {
  std::vector<std::string> names;
  for (const WantedModel& wanted : wanted_) {
    names.push_back(wanted.model_id);
    bring(wanted);
  }
  manifest_stale_ |= std::erase_if(serving_, [&](const auto& item) {
                       return std::find(names.begin(), names.end(), item.first) == names.end();
                     }) > 0;
  table_.keep_only(names);
  table_.set_complete();
  if (manifest_stale_) write_manifest();
}

void Follower::bring(const WantedModel& wanted) {
  if (const auto current = serving_.find(wanted.model_id);
      current != serving_.end() && same_content(current->second, wanted)) {
    // Back at what is served, from a version that had failed.
    if (failed_.erase(wanted.model_id) > 0)
      if (auto served = table_.find(wanted.model_id, wanted.version)) table_.publish(*served);
    return;
  }
  Attempt& attempt = failed_[wanted.model_id];
  const std::string digest = wanted.artefact ? wanted.artefact->digest : std::string();
  const bool repeated = attempt.version == wanted.version && attempt.digest == digest;
  if (repeated && Steady::now() < attempt.next) return;
  if (!wanted.not_servable_reason.empty()) {
    refuse(wanted, {ModelState::not_servable, wanted.not_servable_reason});
    return;
  }
  if (!repeated) table_.report(wanted.model_id, wanted.version, ModelState::loading, {});
  auto loaded = load(wanted, false);
  if (!loaded) {
    table_.report(wanted.model_id, wanted.version, ModelState::failed, loaded.error().message);
    const auto pause = repeated ? std::min(attempt.pause * 2, options_.retry_max) : options_.retry_min;
    attempt = {wanted.version, digest, Steady::now() + pause, pause};
    log::error("model_not_loaded", {{"model_id", wanted.model_id},
                                    {"version", wanted.version},
                                    {"reason", loaded.error().message},
                                    {"detail", loaded.error().detail}});
    return;
  }
  if (loaded->refusal) {
    refuse(wanted, *loaded->refusal);
    return;
  }
  table_.publish(std::move(loaded->served));
  failed_.erase(wanted.model_id);
  serving_[wanted.model_id] = wanted;
  manifest_stale_ = true;
  log::info("model_serving", {{"model_id", wanted.model_id}, {"version", wanted.version}});
}

// Remembered like one that is served: there is nothing to try again. Where an old one goes on serving, that
// is what a restart begins with.
void Follower::refuse(const WantedModel& wanted, const Refusal& refusal) {
  table_.report(wanted.model_id, wanted.version, refusal.state, refusal.reason);
  if (table_.serves(wanted.model_id)) {
    const std::string digest = wanted.artefact ? wanted.artefact->digest : std::string();
    failed_[wanted.model_id] = {wanted.version, digest, Steady::time_point::max()};
  } else {
    failed_.erase(wanted.model_id);
    serving_[wanted.model_id] = wanted;
    manifest_stale_ = true;
  }
  log::error("model_not_servable",
             {{"model_id", wanted.model_id}, {"version", wanted.version}, {"reason", refusal.reason}});
}

Result<std::string> Follower::read(const WantedFile& file, bool local_only) {
  if (local_only) return cache_.get_local(file);
  return cache_.get(file, [&](ModelCache::Sink sink) { return registry_.fetch(file, sink); });
}

Result<std::shared_ptr<const LoadedModel>> Follower::load_artefact(const WantedModel& wanted,
                                                                   std::string bytes) {
  const Artefact artefact{wanted.format, wanted.artefact->digest, bytes_of(bytes)};
  for (Engine* engine : engines_)
    if (engine->can_run(artefact))
      return loader_.load(*engine, wanted.format, wanted.artefact->digest, std::move(bytes));
  return fail(Code::unprocessable, fmt::format("no engine here runs the format '{}'", wanted.format));
}

Result<Follower::Loaded> Follower::load(const WantedModel& wanted, bool local_only) {
  if (!wanted.artefact) return fail(Code::unprocessable, "the registry names no file for this version");
  std::shared_ptr<const RowTransformation> transformation;
  if (wanted.transformation) {
    TRACSEQ_TRY(const std::string text, read(*wanted.transformation, local_only));
    TRACSEQ_TRY(transformation, make_transformation_(text));
  }
  std::shared_ptr<const LoadedModel> model;
  {
    TRACSEQ_TRY(std::string bytes, read(*wanted.artefact, local_only));
    auto loaded = load_artefact(wanted, std::move(bytes));
    if (!loaded && loaded.error().code == Code::unprocessable)  // so will these bytes be tomorrow
      return Loaded{{}, Refusal{ModelState::broken, std::move(loaded.error().message)}};
    TRACSEQ_TRY(model, std::move(loaded));
  }
  if (std::string why = misfit(wanted, model->info()); !why.empty())
    return Loaded{
        {}, Refusal{ModelState::not_servable, "the model does not fit what was registered of it: " + why}};
  if (const std::string why = columns_remark(wanted, model->info(), transformation.get()); !why.empty())
    log::warning("feature_columns_disagree",
                 {{"model_id", wanted.model_id}, {"version", wanted.version}, {"reason", why}});
  auto records = std::make_shared<RecordPlan>(model, std::move(transformation), wanted.feature_columns);
  return Loaded{
      std::make_shared<const ServedModel>(ServedModel{
          wanted.model_id, wanted.version, wanted.artefact->digest, std::move(model), std::move(records)}),
      {}};
}

void Follower::write_manifest() {
  CacheManifest manifest;
  for (const auto& [name, model] : serving_) manifest.models.push_back(model);
  if (const auto written = cache_.write_manifest(manifest); !written) {
    log::error("model_cache_not_written",
               {{"reason", written.error().message}, {"detail", written.error().detail}});
    return;  // stays stale: the next look tries again
  }
  manifest_stale_ = false;
  cache_.collect(manifest);
}

}  // namespace tracseq::serving
