// SPDX-License-Identifier: MIT
#include "domain/monitoring/alert_rows.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

#define TRACSEQ_ALERT_COLUMNS                                                                         \
  "alert_id, threshold_id, model_id, metric_name, severity, message, current_bits, threshold_value, " \
  "triggered_by_values, evaluation_window, acknowledged_by, acknowledged_us, created_us, resolved_us"

constexpr sql::Statement kOpen{
    "alerts.open", "SELECT " TRACSEQ_ALERT_COLUMNS ", project_id FROM alerts WHERE resolved_us IS NULL"};
constexpr sql::Statement kFind{
    "alerts.find", "SELECT " TRACSEQ_ALERT_COLUMNS " FROM alerts WHERE project_id = ? AND alert_id = ?"};
constexpr sql::Statement kLastRaised{
    "alerts.last_raised", "SELECT max(created_us) FROM alerts WHERE threshold_id = ? AND model_id = ?"};
constexpr sql::Statement kInsert{"alerts.insert",
                                 "INSERT INTO alerts (alert_id, project_id, threshold_id, model_id, "
                                 "metric_name, severity, message, current_bits, "
                                 "threshold_value, triggered_by_values, evaluation_window, created_us) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                 "ON CONFLICT DO NOTHING"};
constexpr sql::Statement kUpdate{"alerts.update",
                                 "UPDATE alerts SET severity = ?, message = ?, current_bits = ?, "
                                 "threshold_value = ?, triggered_by_values = ? "
                                 "WHERE alert_id = ? AND resolved_us IS NULL"};
constexpr sql::Statement kClose{
    "alerts.close", "UPDATE alerts SET resolved_us = ? WHERE alert_id = ? AND resolved_us IS NULL"};

}  // namespace

const char* const kAlertColumns = TRACSEQ_ALERT_COLUMNS;
#undef TRACSEQ_ALERT_COLUMNS

Alert alert_of(const sql::Row& row) {
  Alert alert;
  alert.alert_id = row.str(0);
  alert.threshold_id = row.str(1);
  alert.model_id = row.str(2);
  alert.metric_name = row.str(3);
  alert.severity = enum_from<Severity>("severity", row.text(4)).value_or(Severity::critical);
  alert.message = row.str(5);
  alert.current_value = sql::bits_double(row.integer(6));
  alert.threshold_value = row.real(7);
  alert.triggered_by_values = from_json<std::vector<double>>(row.text(8)).value_or(std::vector<double>{});
  alert.evaluation_window = row.integer(9);
  if (!row.is_null(10)) alert.acknowledged_by = row.str(10);
  alert.acknowledged_at = row.maybe_time(11);
  alert.acknowledged = alert.acknowledged_at.has_value();
  alert.created_at = row.time(12);
  alert.resolved_at = row.maybe_time(13);
  alert.is_resolved = alert.resolved_at.has_value();
  return alert;
}

Result<std::vector<OpenAlert>> open_alerts(sql::Session& session) {
  return session.query_all(kOpen, {},
                           [](const sql::Row& row) { return OpenAlert{row.str(14), alert_of(row)}; });
}

Result<std::optional<Alert>> find_alert(sql::Session& session, const std::string& project_id,
                                        const std::string& alert_id) {
  return session.query_one(kFind, args(project_id, alert_id), alert_of);
}

Result<std::optional<Timestamp>> last_raised(sql::Session& session, const std::string& threshold_id,
                                             const std::string& model_id) {
  std::optional<Timestamp> last;
  TRACSEQ_CHECK(
      session.query(kLastRaised, args(threshold_id, model_id), [&](const sql::Row& row) -> Result<void> {
        last = row.maybe_time(0);
        return {};
      }));
  return last;
}

Result<bool> insert_alert(sql::Transaction& tx, const std::string& project_id, const Alert& alert) {
  TRACSEQ_TRY(const std::int64_t inserted,
              tx.execute(kInsert, args(alert.alert_id, project_id, alert.threshold_id, alert.model_id,
                                       alert.metric_name, enum_name(alert.severity), alert.message,
                                       sql::double_bits(alert.current_value), alert.threshold_value,
                                       to_json(alert.triggered_by_values), alert.evaluation_window,
                                       alert.created_at)));
  return inserted == 1;
}

Result<bool> update_alert(sql::Transaction& tx, const Alert& alert) {
  TRACSEQ_TRY(const std::int64_t updated,
              tx.execute(kUpdate,
                         args(enum_name(alert.severity), alert.message, sql::double_bits(alert.current_value),
                              alert.threshold_value, to_json(alert.triggered_by_values), alert.alert_id)));
  return updated == 1;
}

Result<bool> close_alert(sql::Transaction& tx, const std::string& alert_id, Timestamp at) {
  TRACSEQ_TRY(const std::int64_t closed, tx.execute(kClose, args(at, alert_id)));
  return closed == 1;
}

}  // namespace tracseq::monitoring
