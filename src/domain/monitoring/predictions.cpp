// SPDX-License-Identifier: MIT
#include "domain/monitoring/predictions.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/identifier.h"
#include "domain/monitoring/names.h"
#include "domain/monitoring/page_token.h"
#include "domain/monitoring/series.h"
#include "storage/sql/retention.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kRowOverheadBytes =
    200;  // of a prediction beside its texts, with its share of the indexes

constexpr sql::BulkInsert kInsert{
    "monitoring.insert_predictions",
    "predictions",
    {"project_id", "model_id", "model_version", "request_id", "time_us", "latency_bits", "success", "error",
     "confidence_bits", "user_id", "tags", "inputs", "outputs", "bytes"}};
constexpr sql::Statement kAddVolume{"monitoring.add_volume",
                                    "INSERT INTO prediction_volumes (hour_us, predictions, bytes) VALUES (?, "
                                    "?, ?) ON CONFLICT (hour_us) DO UPDATE SET "
                                    "predictions = prediction_volumes.predictions + excluded.predictions, "
                                    "bytes = prediction_volumes.bytes + excluded.bytes"};
constexpr sql::Statement kList{
    "monitoring.list_predictions",
    "SELECT position, request_id, model_id, model_version, time_us, latency_bits, success, error, "
    "confidence_bits, "
    "user_id, tags, inputs, outputs FROM predictions WHERE project_id = ? AND (? = '' OR model_id = ?) "
    "AND (? = '' OR model_version = ?) AND (? = '' OR request_id = ?) AND (? < 0 OR success = ?) "
    "AND time_us >= ? AND time_us < ? AND (time_us < ? OR (time_us = ? AND position < ?)) "
    "ORDER BY time_us DESC, position DESC LIMIT ?"};
// The usual question, in the order of its index.
constexpr sql::Statement kListOfModel{
    "monitoring.list_predictions_of_model",
    "SELECT position, request_id, model_id, model_version, time_us, latency_bits, success, error, "
    "confidence_bits, "
    "user_id, tags, inputs, outputs FROM predictions WHERE project_id = ? AND model_id = ? "
    "AND (? = '' OR model_version = ?) AND (? = '' OR request_id = ?) AND (? < 0 OR success = ?) "
    "AND time_us >= ? AND time_us < ? AND (time_us < ? OR (time_us = ? AND position < ?)) "
    "ORDER BY time_us DESC, position DESC LIMIT ?"};
constexpr sql::Statement kVolumes{"monitoring.volumes",
                                  "SELECT hour_us, bytes FROM prediction_volumes ORDER BY hour_us DESC"};
constexpr sql::Statement kHasOld{"monitoring.has_old_predictions",
                                 "SELECT 1 FROM predictions WHERE time_us < ? LIMIT 1"};
constexpr sql::Statement kDropOld{
    "monitoring.drop_predictions",
    "DELETE FROM predictions WHERE position IN "
    "(SELECT position FROM predictions WHERE time_us < ? ORDER BY time_us LIMIT ?) RETURNING time_us, bytes"};
constexpr sql::Statement kDropVolumes{"monitoring.drop_volumes",
                                      "DELETE FROM prediction_volumes WHERE predictions <= 0"};

// What came into the log or went out of it, by hour.
struct Volume {
  std::int64_t predictions = 0;
  std::int64_t bytes = 0;
};
using Volumes = std::map<std::int64_t, Volume>;

std::int64_t hour_of(std::int64_t time_us) { return time_us - ((time_us % kHourUs) + kHourUs) % kHourUs; }

Result<void> add_volumes(sql::Transaction& tx, const Volumes& volumes) {
  for (const auto& [hour, volume] : volumes)
    TRACSEQ_CHECK(tx.execute(kAddVolume, args(hour, volume.predictions, volume.bytes)));
  return {};
}

// The columns of a batch, as the bulk insert takes them.
struct Columns {
  std::vector<std::string> project, model, version, request, error, user, tags, inputs, outputs;
  std::vector<std::int64_t> time, latency, success, bytes;
  std::vector<std::optional<std::int64_t>> confidence;

  std::int64_t add(const std::string& project_id, const Prediction& p, Timestamp at) {
    project.push_back(project_id);
    model.push_back(p.model_id);
    version.push_back(p.model_version);
    request.push_back(p.request_id);
    time.push_back(at.us);
    latency.push_back(sql::double_bits(p.latency_ms));
    success.push_back(p.success ? 1 : 0);
    error.push_back(p.error.value_or(""));
    confidence.push_back(p.confidence_score ? std::optional(sql::double_bits(*p.confidence_score))
                                            : std::nullopt);
    user.push_back(p.user_id.value_or(""));
    tags.push_back(to_json(p.tags));
    inputs.push_back(dump_json(p.inputs));
    outputs.push_back(dump_json(p.outputs));
    bytes.push_back(static_cast<std::int64_t>(p.model_id.size() + p.model_version.size() +
                                              p.request_id.size() + error.back().size() + user.back().size() +
                                              tags.back().size() + inputs.back().size() +
                                              outputs.back().size()) +
                    kRowOverheadBytes);
    return bytes.back();
  }

  Result<void> insert(sql::Transaction& tx) const {
    using Texts = std::span<const std::string>;
    using Numbers = std::span<const std::int64_t>;
    const std::array<sql::Column, 14> columns{
        Texts(project),   Texts(model),  Texts(version),
        Texts(request),   Numbers(time), Numbers(latency),
        Numbers(success), Texts(error),  std::span<const std::optional<std::int64_t>>(confidence),
        Texts(user),      Texts(tags),   Texts(inputs),
        Texts(outputs),   Numbers(bytes)};
    TRACSEQ_CHECK(tx.bulk_insert(kInsert, columns));
    return {};
  }
};

// How sure the model was: what it says, else the greatest of the probabilities it answered.
std::optional<double> confidence_of(const Prediction& p) {
  if (p.confidence_score) return p.confidence_score;
  const Json* probabilities = p.outputs.find("probabilities");
  if (probabilities == nullptr) return std::nullopt;
  std::optional<double> greatest;
  const auto consider = [&](const Json& value) {
    if (value.is_number()) greatest = std::max(greatest.value_or(value.number_or(0)), value.number_or(0));
  };
  if (const Json::Array* list = probabilities->as_array())
    for (const Json& value : *list) consider(value);
  if (const Json::Object* named = probabilities->as_object())
    for (const auto& [name, value] : *named) consider(value);
  return greatest;
}

void add_samples(std::vector<Sample>& samples, const Prediction& p, Timestamp at) {
  const auto add = [&](std::string_view name, double value) {
    Sample sample;
    sample.key = {p.model_id, std::string(name), p.model_version};
    sample.time_us = at.us;
    sample.value = value;
    sample.request_id = p.request_id;
    sample.user_id = p.user_id.value_or("");
    if (!p.tags.empty()) sample.tags = to_json(p.tags);
    samples.push_back(std::move(sample));
  };
  add(kLatency, p.latency_ms);
  add(kError, p.success ? 0 : 1);
  if (p.confidence_score) add(kConfidence, *p.confidence_score);
}

Prediction prediction_of(const sql::Row& row) {
  Prediction p;
  p.prediction_id = row.str(0);
  p.request_id = row.str(1);
  p.model_id = row.str(2);
  p.model_version = row.str(3);
  p.time = row.time(4);
  p.latency_ms = sql::bits_double(row.integer(5));
  p.success = row.integer(6) != 0;
  if (const auto error = row.text(7); !error.empty()) p.error = error;
  if (!row.is_null(8)) p.confidence_score = sql::bits_double(row.integer(8));
  if (const auto user = row.text(9); !user.empty()) p.user_id = user;
  p.tags = from_json<std::map<std::string, std::string>>(row.text(10))
               .value_or(std::map<std::string, std::string>{});
  p.inputs = parse_json(row.text(11)).value_or(Json());
  p.outputs = parse_json(row.text(12)).value_or(Json());
  return p;
}

}  // namespace

Result<Recorded> PredictionLog::record(const CallContext& ctx, const RecordPredictions& request) {
  const Timestamp recorded_at = now();
  Columns columns;
  std::vector<Sample> samples;
  Volumes volumes;
  struct PerModel {
    std::int64_t count = 0;
    Sha256 digest;
  };
  std::map<std::string, PerModel> models;
  for (std::size_t i = 0; i < request.predictions.size(); ++i) {
    Prediction p = request.predictions[i];
    p.confidence_score = confidence_of(p);
    const Timestamp at = p.time.value_or(recorded_at);
    const std::int64_t bytes = columns.add(ctx.project_id, p, at);
    if (columns.inputs.back().size() + columns.outputs.back().size() > kPredictionBytesMax)
      return fail(
          {Code::too_large,
           fmt::format("predictions[{}]: inputs and outputs are {} bytes as JSON; at most {} are recorded", i,
                       columns.inputs.back().size() + columns.outputs.back().size(), kPredictionBytesMax),
           {},
           fmt::format("predictions[{}].inputs", i)});
    add_samples(samples, p, at);
    Volume& volume = volumes[hour_of(at.us)];
    ++volume.predictions;
    volume.bytes += bytes;
    const auto [place, fresh] = models.try_emplace(p.model_id);
    if (fresh) TRACSEQ_CHECK(check_identifier(fmt::format("predictions[{}].model_id", i), p.model_id));
    PerModel& model = place->second;
    ++model.count;
    model.digest.update(bytes_of(to_json(p)));
  }
  std::vector<audit::Appended> notes;
  for (auto& [model_id, model] : models)
    notes.push_back({"predictions", "model", model_id, model.count, model.digest.finish(), "predictions"});

  return ledger_.append<Recorded>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& appended) -> Result<Recorded> {
        TRACSEQ_CHECK(columns.insert(tx));
        TRACSEQ_CHECK(store_samples(tx, ctx.project_id, samples));
        TRACSEQ_CHECK(add_volumes(tx, volumes));
        appended = notes;
        return Recorded{static_cast<std::int64_t>(request.predictions.size())};
      });
}

Result<PredictionPage> PredictionLog::list(const CallContext& ctx, const ListPredictions& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  TRACSEQ_TRY(const std::int64_t position, place_number(place));
  const int success = request.success ? (*request.success ? 1 : 0) : -1;
  const std::int64_t start = request.start ? request.start->us : std::numeric_limits<std::int64_t>::min();
  const std::int64_t end = request.end ? request.end->us : std::numeric_limits<std::int64_t>::max();
  const std::int64_t fetched = request.limit + 1;
  return database_.read([&](sql::Session& session) -> Result<PredictionPage> {
    PredictionPage page;
    page.items.reserve(static_cast<std::size_t>(request.limit));
    if (request.model_id.empty()) {
      TRACSEQ_TRY(
          page.items,
          session.query_all(kList,
                            args(ctx.project_id, request.model_id, request.model_id, request.model_version,
                                 request.model_version, request.request_id, request.request_id, success,
                                 success, start, end, place.time_us, place.time_us, position, fetched),
                            prediction_of));
    } else {
      TRACSEQ_TRY(page.items, session.query_all(
                                  kListOfModel,
                                  args(ctx.project_id, request.model_id, request.model_version,
                                       request.model_version, request.request_id, request.request_id, success,
                                       success, start, end, place.time_us, place.time_us, position, fetched),
                                  prediction_of));
    }
    if (static_cast<std::int64_t>(page.items.size()) > request.limit) {
      page.items.pop_back();
      page.next_page_token = page_token(page.items.back().time->us, page.items.back().prediction_id);
    }
    return page;
  });
}

Result<std::int64_t> PredictionLog::prune(const CallContext& ctx, Timestamp now, const Retention& retention) {
  // Everything before this time goes: the age limit, or the hour at which the newest ones fill the size
  // limit.
  std::int64_t before = (now - std::chrono::hours(24) * retention.days).us;
  TRACSEQ_TRY(const auto old, database_.read([&](sql::Session& session) -> Result<std::optional<bool>> {
    std::int64_t held = 0;
    TRACSEQ_CHECK(session.query(kVolumes, {}, [&](const sql::Row& row) -> Result<void> {
      held += row.integer(1);
      if (held > retention.prediction_bytes_max) before = std::max(before, row.integer(0) + kHourUs);
      return {};
    }));
    return session.query_one(kHasOld, args(before), [](const sql::Row&) { return true; });
  }));
  if (!old) return 0;
  TRACSEQ_TRY(const Recorded removed,
              ledger_.change<Recorded>(
                  ctx, {"predictions.expire", "predictions", {}},
                  [&](sql::Transaction& tx, audit::Record& record) -> Result<Recorded> {
                    Recorded gone;
                    Volumes volumes;
                    TRACSEQ_CHECK(tx.query(kDropOld, args(before, sql::kRemovedAtOnceMax),
                                           [&](const sql::Row& row) -> Result<void> {
                                             ++gone.recorded;
                                             Volume& volume = volumes[hour_of(row.integer(0))];
                                             --volume.predictions;
                                             volume.bytes -= row.integer(1);
                                             return {};
                                           }));
                    TRACSEQ_CHECK(add_volumes(tx, volumes));
                    TRACSEQ_CHECK(tx.execute(kDropVolumes, {}));
                    record.delta = Json::object();
                    record.delta.set("count", gone.recorded).set("before", format_rfc3339(Timestamp{before}));
                    return gone;
                  }));
  return removed.recorded;
}

}  // namespace tracseq::monitoring
