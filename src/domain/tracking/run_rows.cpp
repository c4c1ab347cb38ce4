// SPDX-License-Identifier: MIT
#include "domain/tracking/run_rows.h"

#include <map>

#include "domain/tracking/errors.h"

namespace tracseq::tracking {
namespace {

using sql::args;

const std::string kLoadText = std::string("SELECT ") + kRunColumns +
                              " FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id WHERE "
                              "r.project_id = ? AND r.run_id = ?";
const sql::Statement kLoad{"tracking.load_run", kLoadText.c_str()};

constexpr sql::Statement kParamsOf{"tracking.params_of",
                                   "SELECT run_id, key, value FROM run_params WHERE run_id IN (SELECT value "
                                   "FROM json_each(?)) ORDER BY run_id, position",
                                   "SELECT run_id, key, value FROM run_params WHERE run_id IN (SELECT "
                                   "json_array_elements_text(CAST(? AS json))) "
                                   "ORDER BY run_id, position"};
constexpr sql::Statement kTagsOf{"tracking.tags_of",
                                 "SELECT run_id, key, value FROM run_tags WHERE run_id IN (SELECT value FROM "
                                 "json_each(?)) ORDER BY run_id, position",
                                 "SELECT run_id, key, value FROM run_tags WHERE run_id IN (SELECT "
                                 "json_array_elements_text(CAST(? AS json))) "
                                 "ORDER BY run_id, position"};
constexpr sql::Statement kMetricsOf{
    "tracking.metrics_of",
    "SELECT experiment_id, key, value_bits FROM experiment_metrics WHERE experiment_id IN (SELECT value FROM "
    "json_each(?))",
    "SELECT experiment_id, key, value_bits FROM experiment_metrics WHERE experiment_id IN "
    "(SELECT json_array_elements_text(CAST(? AS json)))"};
constexpr sql::Statement kInsertRun{
    "tracking.insert_run",
    "INSERT INTO runs (run_id, experiment_id, project_id, parent_run_id, name, description, status, "
    "model_type, framework, "
    "algorithm, dataset_name, dataset_version, config, created_by, created_at, started_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kReadParam{"tracking.read_param",
                                    "SELECT value FROM run_params WHERE run_id = ? AND key = ?"};
constexpr sql::Statement kCountParams{
    "tracking.count_params", "SELECT COALESCE(MAX(position), -1) + 1 FROM run_params WHERE run_id = ?"};
constexpr sql::Statement kInsertParam{
    "tracking.insert_param",
    "INSERT INTO run_params (run_id, key, position, value, number) VALUES (?, ?, ?, ?, ?)"};
constexpr sql::Statement kClearTags{"tracking.clear_tags", "DELETE FROM run_tags WHERE run_id = ?"};
constexpr sql::Statement kInsertTag{
    "tracking.insert_tag", "INSERT INTO run_tags (run_id, key, position, value) VALUES (?, ?, ?, ?)"};

// Calls `set(run, row)` for each row, whose first column is the run's id.
template <class F>
Result<void> each_row(sql::Session& session, const sql::Statement& statement, const std::string& ids,
                      const std::map<std::string_view, Run*>& by_id, F set) {
  return session.query(statement, args(ids), [&](const sql::Row& row) -> Result<void> {
    const auto found = by_id.find(row.text(0));
    if (found != by_id.end()) set(*found->second, row);
    return {};
  });
}

}  // namespace

const char* const kRunColumns =
    "r.run_id, r.experiment_id, e.name AS experiment_name, r.parent_run_id, r.name, r.description, r.status, "
    "r.model_type, "
    "r.framework, r.algorithm, r.dataset_name, r.dataset_version, r.config, r.final_metrics, r.notes, "
    "r.created_by, "
    "r.created_at, r.started_at, r.completed_at, r.updated_at, r.deleted_at";

Result<void> attach_details(sql::Session& session, std::vector<Run>& runs) {
  if (runs.empty()) return {};
  std::map<std::string_view, Run*> by_id;
  Json ids = Json::array();
  for (Run& run : runs) {
    by_id.emplace(run.run_id, &run);
    ids.push_back(run.run_id);
  }
  const std::string text = dump_json(ids);
  TRACSEQ_CHECK(each_row(session, kParamsOf, text, by_id, [](Run& run, const sql::Row& row) {
    run.params.set(row.text(1), parse_json(row.text(2)).value_or(Json()));
  }));
  TRACSEQ_CHECK(each_row(session, kTagsOf, text, by_id, [](Run& run, const sql::Row& row) {
    run.tags.push_back({row.str(1), row.str(2)});
  }));
  return each_row(session, kMetricsOf, text, by_id, [](Run& run, const sql::Row& row) {
    run.metrics[row.str(1)] = sql::bits_double(row.integer(2));
  });
}

Result<Run> load_run(sql::Session& session, const CallContext& ctx, std::string_view run_id) {
  TRACSEQ_TRY(auto runs, session.query_as<Run>(kLoad, args(ctx.project_id, run_id)));
  if (runs.empty()) return fail(errors::run_not_found(run_id));
  TRACSEQ_CHECK(attach_details(session, runs));
  return std::move(runs.front());
}

Result<void> insert_run(sql::Transaction& tx, const CallContext& ctx, const Run& run) {
  auto inserted =
      tx.execute(kInsertRun, args(run.run_id, run.experiment_id, ctx.project_id, run.parent_run_id, run.name,
                                  run.description, enum_name(run.status), run.model_type, run.framework,
                                  run.algorithm, run.dataset_name, run.dataset_version, dump_json(run.config),
                                  run.created_by, run.created_at, run.started_at, run.updated_at));
  if (!inserted && inserted.error().code == Code::conflict) return fail(errors::run_exists(run.run_id));
  if (!inserted) return fail(std::move(inserted).error());
  TRACSEQ_CHECK(add_params(tx, run.run_id, run.params));
  return replace_tags(tx, run.run_id, run.tags);
}

Result<void> add_params(sql::Transaction& tx, const std::string& run_id, const Json& params) {
  const Json::Object* members = params.as_object();
  if (members == nullptr) return fail_field("params", "params must be an object of names and values");
  if (members->empty()) return {};
  TRACSEQ_TRY(const auto next,
              tx.query_one(kCountParams, args(run_id), [](const sql::Row& row) { return row.integer(0); }));
  std::int64_t position = next.value_or(0);
  for (const auto& [key, value] : *members) {
    if (!valid_key(key)) return fail(errors::bad_key("params", key));
    const std::string text = dump_json(value);
    TRACSEQ_TRY(const auto old,
                tx.query_one(kReadParam, args(run_id, key), [](const sql::Row& row) { return row.str(0); }));
    if (old && *old != text) return fail(errors::param_fixed(key));
    if (old) continue;
    if (position >= static_cast<std::int64_t>(kParamsMax))
      return fail(errors::too_many("params", static_cast<std::size_t>(position) + 1, kParamsMax));
    const sql::Arg number = value.is_number() ? sql::Arg(value.number_or(0)) : sql::Arg(nullptr);
    TRACSEQ_CHECK(tx.execute(kInsertParam, args(run_id, key, position++, text, number)));
  }
  return {};
}

Result<void> replace_tags(sql::Transaction& tx, const std::string& run_id, const std::vector<Tag>& tags) {
  TRACSEQ_CHECK(tx.execute(kClearTags, args(run_id)));
  std::int64_t position = 0;
  for (const Tag& tag : tags) {
    if (!valid_key(tag.key)) return fail(errors::bad_key("tags", tag.key));
    auto inserted = tx.execute(kInsertTag, args(run_id, tag.key, position++, tag.value));
    if (!inserted && inserted.error().code == Code::conflict)
      return fail_field("tags", "tags name '" + tag.key.substr(0, 80) + "' twice");
    if (!inserted) return fail(std::move(inserted).error());
  }
  return {};
}

bool valid_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > kKeyBytesMax || key.front() == ' ' || key.back() == ' ') return false;
  for (const char c : key)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return true;
}

}  // namespace tracseq::tracking
