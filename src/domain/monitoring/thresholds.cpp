// SPDX-License-Identifier: MIT
#include "domain/monitoring/thresholds.h"

#include <fmt/core.h>

#include <cmath>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/monitoring/names.h"
#include "domain/monitoring/page_token.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

#define TRACSEQ_THRESHOLD_COLUMNS                                                                          \
  "threshold_id, model_id, metric_name, metric_type, warning_threshold, critical_threshold, operator, "    \
  "evaluation_window_minutes, minimum_samples, alert_enabled, alert_channels, description, created_us AS " \
  "created_at"

constexpr sql::Statement kInsert{
    "thresholds.insert",
    "INSERT INTO thresholds (threshold_id, project_id, model_id, metric_name, metric_type, "
    "warning_threshold, "
    "critical_threshold, operator, evaluation_window_minutes, minimum_samples, alert_enabled, "
    "alert_channels, "
    "description, created_us, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kGet{"thresholds.get", "SELECT " TRACSEQ_THRESHOLD_COLUMNS
                                                " FROM thresholds WHERE project_id = ? AND threshold_id = ?"};
constexpr sql::Statement kList{"thresholds.list", "SELECT " TRACSEQ_THRESHOLD_COLUMNS
                                                  " FROM thresholds WHERE project_id = ? AND "
                                                  "(? = '' OR model_id = ? OR model_id = '') AND "
                                                  "(created_us < ? OR (created_us = ? AND threshold_id > ?)) "
                                                  "ORDER BY created_us DESC, threshold_id LIMIT ?"};
constexpr sql::Statement kEnabled{"thresholds.enabled", "SELECT project_id, " TRACSEQ_THRESHOLD_COLUMNS
                                                        " FROM thresholds WHERE alert_enabled = 1"};
constexpr sql::Statement kUpdate{
    "thresholds.update",
    "UPDATE thresholds SET warning_threshold = ?, critical_threshold = ?, operator = ?, "
    "evaluation_window_minutes = ?, "
    "minimum_samples = ?, alert_enabled = ?, alert_channels = ?, description = ? WHERE threshold_id = ?"};
constexpr sql::Statement kDelete{"thresholds.delete", "DELETE FROM thresholds WHERE threshold_id = ?"};
constexpr sql::Statement kResolveAlerts{
    "thresholds.resolve_alerts",
    "UPDATE alerts SET resolved_us = ? WHERE threshold_id = ? AND resolved_us IS NULL"};

#undef TRACSEQ_THRESHOLD_COLUMNS

Error not_found(const std::string& id) {
  return {Code::not_found, fmt::format("there is no threshold '{}'", id), {}, "threshold_id"};
}

Result<Threshold> load(sql::Session& session, const CallContext& ctx, const std::string& id) {
  TRACSEQ_TRY(auto found, session.query_one_as<Threshold>(kGet, args(ctx.project_id, id)));
  if (!found) return fail(not_found(id));
  return std::move(*found);
}

Result<void> check_bounds(const Threshold& threshold) {
  if (!threshold.warning_threshold && !threshold.critical_threshold)
    return fail_field("warning_threshold", "a threshold needs warning_threshold or critical_threshold");
  for (const auto& [name, bound] : {std::pair{"warning_threshold", threshold.warning_threshold},
                                    std::pair{"critical_threshold", threshold.critical_threshold}})
    if (bound && !std::isfinite(*bound))
      return fail_field(name, fmt::format("{} is {}; it must be a finite number", name, to_json(*bound)));
  return {};
}

}  // namespace

Result<Threshold> Thresholds::create(const CallContext& ctx, const Threshold& request) {
  TRACSEQ_CHECK(check_bounds(request));
  Threshold made = request;
  if (made.threshold_id.empty()) made.threshold_id = new_id();
  TRACSEQ_CHECK(check_identifier("threshold_id", made.threshold_id));
  if (!made.model_id.empty()) TRACSEQ_CHECK(check_identifier("model_id", made.model_id));
  if (!made.metric_type) made.metric_type = type_of_name(made.metric_name);
  if (!made.created_at) made.created_at = now();
  return ledger_.change<Threshold>(
      ctx, {"threshold.create", "threshold", made.threshold_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Threshold> {
        auto inserted = tx.execute(
            kInsert, args(made.threshold_id, ctx.project_id, made.model_id, made.metric_name,
                          enum_name(*made.metric_type), made.warning_threshold, made.critical_threshold,
                          enum_name(made.operator_), made.evaluation_window_minutes, made.minimum_samples,
                          made.alert_enabled, to_json(made.alert_channels), made.description,
                          *made.created_at, ctx.actor.id));
        if (!inserted) {
          if (inserted.error().code != Code::conflict) return fail(std::move(inserted).error());
          return fail(Code::conflict, fmt::format("the threshold '{}' exists already", made.threshold_id));
        }
        record.after = to_document(made);
        record.publish("thresholds", "created");
        return made;
      });
}

Result<Threshold> Thresholds::get(const CallContext& ctx, const ThresholdRef& ref) {
  return database_.read([&](sql::Session& session) { return load(session, ctx, ref.threshold_id); });
}

Result<ThresholdPage> Thresholds::list(const CallContext& ctx, const ListThresholds& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  return database_.read([&](sql::Session& session) -> Result<ThresholdPage> {
    ThresholdPage page;
    TRACSEQ_TRY(page.items, session.query_as<Threshold>(
                                kList, args(ctx.project_id, request.model_id, request.model_id, place.time_us,
                                            place.time_us, place.id, request.limit + 1)));
    if (static_cast<std::int64_t>(page.items.size()) > request.limit) {
      page.items.pop_back();
      page.next_page_token = page_token(page.items.back().created_at->us, page.items.back().threshold_id);
    }
    return page;
  });
}

Result<Threshold> Thresholds::update(const CallContext& ctx, const UpdateThreshold& request) {
  return ledger_.change<Threshold>(
      ctx, {"threshold.update", "threshold", request.threshold_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Threshold> {
        TRACSEQ_TRY(Threshold changed, load(tx, ctx, request.threshold_id));
        record.before = to_document(changed);
        if (request.warning_threshold) changed.warning_threshold = request.warning_threshold;
        if (request.critical_threshold) changed.critical_threshold = request.critical_threshold;
        changed.operator_ = request.operator_.value_or(changed.operator_);
        changed.evaluation_window_minutes =
            request.evaluation_window_minutes.value_or(changed.evaluation_window_minutes);
        changed.minimum_samples = request.minimum_samples.value_or(changed.minimum_samples);
        changed.alert_enabled = request.alert_enabled.value_or(changed.alert_enabled);
        changed.alert_channels = request.alert_channels.value_or(changed.alert_channels);
        changed.description = request.description.value_or(changed.description);
        TRACSEQ_CHECK(check_bounds(changed));
        TRACSEQ_CHECK(tx.execute(
            kUpdate, args(changed.warning_threshold, changed.critical_threshold, enum_name(changed.operator_),
                          changed.evaluation_window_minutes, changed.minimum_samples, changed.alert_enabled,
                          to_json(changed.alert_channels), changed.description, changed.threshold_id)));
        record.after = to_document(changed);
        record.publish("thresholds", "changed");
        return changed;
      });
}

Result<Threshold> Thresholds::remove(const CallContext& ctx, const ThresholdRef& ref) {
  return ledger_.change<Threshold>(ctx, {"threshold.delete", "threshold", ref.threshold_id},
                                   [&](sql::Transaction& tx, audit::Record& record) -> Result<Threshold> {
                                     TRACSEQ_TRY(Threshold gone, load(tx, ctx, ref.threshold_id));
                                     TRACSEQ_TRY(const std::int64_t resolved,
                                                 tx.execute(kResolveAlerts, args(now(), ref.threshold_id)));
                                     TRACSEQ_CHECK(tx.execute(kDelete, args(ref.threshold_id)));
                                     record.before = to_document(gone);
                                     record.delta = Json::object();
                                     record.delta.set("alerts_resolved", resolved);
                                     record.publish("thresholds", "deleted");
                                     if (resolved > 0) record.publish("alerts", "resolved");
                                     return gone;
                                   });
}

Result<std::vector<StoredThreshold>> enabled_thresholds(sql::Session& session) {
  std::vector<StoredThreshold> thresholds;
  TRACSEQ_CHECK(session.query(kEnabled, {}, [&](const sql::Row& row) -> Result<void> {
    TRACSEQ_TRY(Threshold threshold, row.as<Threshold>());
    thresholds.push_back({row.str(0), std::move(threshold)});
    return {};
  }));
  return thresholds;
}

}  // namespace tracseq::monitoring
