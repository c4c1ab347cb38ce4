// SPDX-License-Identifier: MIT
#include "domain/monitoring/rollup.h"

#include <algorithm>
#include <cmath>

namespace tracseq::monitoring {
namespace {

using sql::args;
using sql::bits_double;
using sql::double_bits;

constexpr sql::Statement kRead{
    "monitoring.rollup",
    "SELECT series_id, start_us, count, nonfinite, sum_bits, min_bits, max_bits, last_us, "
    "last_bits, sketch FROM monitoring_rollups WHERE series_id = ? AND width_s = ? AND "
    "start_us = ?"};
constexpr sql::Statement kReadRange{
    "monitoring.rollups",
    "SELECT series_id, start_us, count, nonfinite, sum_bits, min_bits, max_bits, last_us, last_bits, sketch "
    "FROM monitoring_rollups WHERE series_id = ? AND width_s = ? AND start_us >= ? AND start_us < ? ORDER BY "
    "start_us"};
constexpr sql::Statement kReadNewest{
    "monitoring.newest_rollup",
    "SELECT series_id, start_us, count, nonfinite, sum_bits, min_bits, max_bits, last_us, last_bits, sketch "
    "FROM monitoring_rollups WHERE series_id = ? AND width_s = ? ORDER BY start_us DESC LIMIT 1"};
constexpr sql::Statement kStore{
    "monitoring.store_rollup",
    "INSERT INTO monitoring_rollups (series_id, width_s, start_us, count, nonfinite, sum_bits, min_bits, "
    "max_bits, "
    "last_us, last_bits, sketch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (series_id, width_s, start_us) DO UPDATE SET count = excluded.count, nonfinite = "
    "excluded.nonfinite, "
    "sum_bits = excluded.sum_bits, min_bits = excluded.min_bits, max_bits = excluded.max_bits, "
    "last_us = excluded.last_us, last_bits = excluded.last_bits, sketch = excluded.sketch"};

Result<Stretch> stretch_of(const sql::Row& row, Quantiles quantiles) {
  Stretch stretch;
  stretch.series_id = row.integer(0);
  stretch.start_us = row.integer(1);
  Rollup& rollup = stretch.rollup;
  rollup.count = row.integer(2);
  rollup.nonfinite = row.integer(3);
  rollup.sum = bits_double(row.integer(4));
  rollup.min = bits_double(row.integer(5));
  rollup.max = bits_double(row.integer(6));
  rollup.last_us = row.integer(7);
  rollup.last = bits_double(row.integer(8));
  if (quantiles == Quantiles::with) {
    auto sketch = stats::QuantileSketch::decode(text_of(row.bytes(9)));
    if (!sketch) return fail(Code::internal, "a stored roll-up does not decode", sketch.error().message);
    rollup.sketch = std::move(*sketch);
  }
  return stretch;
}

}  // namespace

void Rollup::add(std::int64_t time_us, double value) {
  if (all() == 0 || time_us >= last_us) {
    last_us = time_us;
    last = value;
  }
  if (!std::isfinite(value)) {
    ++nonfinite;
    return;
  }
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  sum += value;
  ++count;
  sketch.add(value);
}

void Rollup::merge(const Rollup& other) {
  if (other.all() == 0) return;
  if (all() == 0 || other.last_us >= last_us) {
    last_us = other.last_us;
    last = other.last;
  }
  if (other.count > 0) {
    min = count == 0 ? other.min : std::min(min, other.min);
    max = count == 0 ? other.max : std::max(max, other.max);
  }
  sum += other.sum;
  count += other.count;
  nonfinite += other.nonfinite;
  sketch.merge(other.sketch);
}

std::optional<double> Rollup::mean() const {
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

std::optional<double> Rollup::quantile(double q) const {
  if (count == 0 || sketch.count() == 0) return std::nullopt;
  return std::clamp(sketch.quantile(q), min, max);
}

std::int64_t stretch_start(std::int64_t time_us, std::int64_t width_s) noexcept {
  const std::int64_t width = width_s * 1'000'000;
  const std::int64_t rest = ((time_us % width) + width) % width;
  return time_us - rest;
}

Result<void> store_rollups(sql::Transaction& tx, const std::map<RollupKey, Rollup>& parts) {
  for (const auto& [key, part] : parts) {
    Rollup whole;
    TRACSEQ_CHECK(tx.query(kRead, args(key.series_id, key.width_s, key.start_us),
                           [&](const sql::Row& row) -> Result<void> {
                             TRACSEQ_TRY(Stretch stored, stretch_of(row, Quantiles::with));
                             whole = std::move(stored.rollup);
                             return {};
                           }));
    whole.merge(part);
    const std::string sketch = whole.sketch.encode();
    TRACSEQ_CHECK(
        tx.execute(kStore, args(key.series_id, key.width_s, key.start_us, whole.count, whole.nonfinite,
                                double_bits(whole.sum), double_bits(whole.min), double_bits(whole.max),
                                whole.last_us, double_bits(whole.last), bytes_of(sketch))));
  }
  return {};
}

Result<void> read_rollups(sql::Session& session, std::int64_t series_id, std::int64_t width_s,
                          std::int64_t start_us, std::int64_t end_us, Quantiles quantiles,
                          FunctionRef<Result<void>(const Stretch&)> visit) {
  return session.query(kReadRange, args(series_id, width_s, start_us, end_us),
                       [&](const sql::Row& row) -> Result<void> {
                         TRACSEQ_TRY(const Stretch stretch, stretch_of(row, quantiles));
                         return visit(stretch);
                       });
}

Result<std::optional<Stretch>> newest_rollup(sql::Session& session, std::int64_t series_id) {
  std::optional<Stretch> newest;
  // The fine ones are gone after two days, the coarse ones stay.
  for (const std::int64_t width : kWidths) {
    TRACSEQ_CHECK(
        session.query(kReadNewest, args(series_id, width), [&](const sql::Row& row) -> Result<void> {
          TRACSEQ_TRY(Stretch stretch, stretch_of(row, Quantiles::without));
          newest = std::move(stretch);
          return {};
        }));
    if (newest) break;
  }
  return newest;
}

}  // namespace tracseq::monitoring
