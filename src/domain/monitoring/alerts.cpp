// SPDX-License-Identifier: MIT
#include "domain/monitoring/alerts.h"

#include <fmt/core.h>

#include "domain/monitoring/alert_rows.h"
#include "domain/monitoring/page_token.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr sql::Statement kAcknowledge{
    "alerts.acknowledge", "UPDATE alerts SET acknowledged_by = ?, acknowledged_us = ? WHERE alert_id = ?"};

const std::string& list_text() {
  static const std::string text = fmt::format(
      "SELECT {} FROM alerts WHERE project_id = ? AND (? = '' OR model_id = ?) AND (? = '' OR threshold_id = "
      "?) "
      "AND (? = '' OR severity = ?) AND (? < 0 OR (? = 1 AND resolved_us IS NOT NULL) OR "
      "(? = 0 AND resolved_us IS NULL)) AND (created_us < ? OR (created_us = ? AND alert_id < ?)) "
      "ORDER BY created_us DESC, alert_id DESC LIMIT ?",
      kAlertColumns);
  return text;
}

Result<Alert> load(sql::Session& session, const CallContext& ctx, const std::string& alert_id) {
  TRACSEQ_TRY(auto alert, find_alert(session, ctx.project_id, alert_id));
  if (!alert) return fail({Code::not_found, fmt::format("there is no alert '{}'", alert_id), {}, "alert_id"});
  return std::move(*alert);
}

CallContext with_reason(const CallContext& ctx, const std::string& reason) {
  CallContext copy = ctx;
  if (!reason.empty()) copy.reason = reason;
  return copy;
}

}  // namespace

Result<AlertPage> Alerts::list(const CallContext& ctx, const ListAlerts& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  const std::string severity(request.severity ? enum_name(*request.severity) : std::string_view());
  const int resolved = request.is_resolved ? (*request.is_resolved ? 1 : 0) : -1;
  return database_.read([&](sql::Session& session) -> Result<AlertPage> {
    AlertPage page;
    TRACSEQ_TRY(page.items, session.query_all(
                                {"alerts.list", list_text().c_str()},
                                args(ctx.project_id, request.model_id, request.model_id, request.threshold_id,
                                     request.threshold_id, severity, severity, resolved, resolved, resolved,
                                     place.time_us, place.time_us, place.id, request.limit + 1),
                                alert_of));
    if (static_cast<std::int64_t>(page.items.size()) > request.limit) {
      page.items.pop_back();
      page.next_page_token = page_token(page.items.back().created_at.us, page.items.back().alert_id);
    }
    return page;
  });
}

Result<Alert> Alerts::get(const CallContext& ctx, const AlertRef& ref) {
  return database_.read([&](sql::Session& session) { return load(session, ctx, ref.alert_id); });
}

Result<Alert> Alerts::acknowledge(const CallContext& ctx, const AcknowledgeAlert& request) {
  return ledger_.change<Alert>(
      with_reason(ctx, request.reason), {"alert.acknowledge", "alert", request.alert_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Alert> {
        TRACSEQ_TRY(Alert alert, load(tx, ctx, request.alert_id));
        record.before = to_document(alert);
        if (alert.is_resolved)
          return fail(Code::conflict, fmt::format("the alert '{}' is resolved already", request.alert_id));
        if (!alert.acknowledged) {
          alert.acknowledged = true;
          alert.acknowledged_by = request.acknowledged_by.empty() ? ctx.actor.id : request.acknowledged_by;
          alert.acknowledged_at = now();
          TRACSEQ_CHECK(
              tx.execute(kAcknowledge, args(alert.acknowledged_by, alert.acknowledged_at, alert.alert_id)));
        }
        record.after = to_document(alert);
        record.publish("alerts", "acknowledged");
        return alert;
      });
}

Result<Alert> Alerts::resolve(const CallContext& ctx, const AlertRef& ref) {
  return ledger_.change<Alert>(with_reason(ctx, ref.reason), {"alert.resolve", "alert", ref.alert_id},
                               [&](sql::Transaction& tx, audit::Record& record) -> Result<Alert> {
                                 TRACSEQ_TRY(Alert alert, load(tx, ctx, ref.alert_id));
                                 record.before = to_document(alert);
                                 if (!alert.is_resolved) {
                                   alert.is_resolved = true;
                                   alert.resolved_at = now();
                                   TRACSEQ_CHECK(close_alert(tx, alert.alert_id, *alert.resolved_at));
                                 }
                                 record.after = to_document(alert);
                                 record.publish("alerts", "resolved");
                                 return alert;
                               });
}

}  // namespace tracseq::monitoring
