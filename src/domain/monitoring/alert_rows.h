// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

// Reading and writing alerts' rows; shared by the service's calls and its evaluation.
namespace tracseq::monitoring {

struct OpenAlert {
  std::string project_id;
  Alert alert;
};
Result<std::vector<OpenAlert>> open_alerts(sql::Session& session);
Result<std::optional<Alert>> find_alert(sql::Session& session, const std::string& project_id,
                                        const std::string& alert_id);
// When the last alert of this threshold and model was raised; nothing if there was none.
Result<std::optional<Timestamp>> last_raised(sql::Session& session, const std::string& threshold_id,
                                             const std::string& model_id);
// False if one is open already.
Result<bool> insert_alert(sql::Transaction& tx, const std::string& project_id, const Alert& alert);
// Severity, message and values of an open alert; false if it is open no longer.
Result<bool> update_alert(sql::Transaction& tx, const Alert& alert);
Result<bool> close_alert(sql::Transaction& tx, const std::string& alert_id, Timestamp at);

// The alert in a row of: kAlertColumns.
Alert alert_of(const sql::Row& row);
extern const char* const kAlertColumns;

}  // namespace tracseq::monitoring
