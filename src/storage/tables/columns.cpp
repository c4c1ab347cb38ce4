// SPDX-License-Identifier: MIT
#include "storage/tables/columns.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"

namespace tracseq::tables {

TRACSEQ_DEFINE_ENUM(ColumnType)

namespace {

class MemoryReader final : public BatchReader {
 public:
  MemoryReader(const std::vector<ColumnBatch>& batches, std::vector<std::size_t> places, bool whole)
      : batches_(batches), places_(std::move(places)), whole_(whole) {}
  Result<const ColumnBatch*> next() override {
    if (position_ == batches_.size()) return nullptr;
    const ColumnBatch& from = batches_[position_++];
    if (whole_) return &from;
    batch_.rows = from.rows;
    batch_.columns.resize(places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) batch_.columns[i] = from.columns[places_[i]];
    return &batch_;
  }

 private:
  const std::vector<ColumnBatch>& batches_;
  std::vector<std::size_t> places_;
  bool whole_;  // the same columns in the same order: nothing to copy
  std::size_t position_ = 0;
  ColumnBatch batch_;
};

}  // namespace

std::string_view type_name(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::int64:
      return "integer";
    case ColumnType::float64:
      return "float";
    case ColumnType::string:
      return "string";
    case ColumnType::timestamp:
      return "datetime";
  }
  return "unknown";
}

void Column::set_missing(std::size_t row, std::size_t rows) {
  if (validity.empty()) validity.assign((rows + 63) / 64, ~std::uint64_t{0});
  validity[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
}

void Column::clear() {
  validity.clear();
  doubles.clear();
  integers.clear();
  booleans.clear();
  offsets.clear();
  bytes.clear();
}

const Column* ColumnBatch::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<ColumnInfo> MemorySource::columns() const {
  std::vector<ColumnInfo> infos;
  if (!batches_.empty())
    for (const Column& column : batches_.front().columns) infos.push_back({column.name, column.type});
  return infos;
}

Result<std::unique_ptr<BatchReader>> MemorySource::open(const std::vector<std::string>& names) {
  const auto infos = columns();
  std::vector<std::size_t> places;
  if (names.empty())
    for (std::size_t i = 0; i < infos.size(); ++i) places.push_back(i);
  for (const auto& name : names) {
    const auto found =
        std::find_if(infos.begin(), infos.end(), [&](const ColumnInfo& i) { return i.name == name; });
    if (found == infos.end()) return fail(Code::not_found, fmt::format("the table has no column '{}'", name));
    places.push_back(static_cast<std::size_t>(found - infos.begin()));
  }
  bool whole = places.size() == infos.size();
  for (std::size_t i = 0; i < places.size(); ++i) whole = whole && places[i] == i;
  return std::make_unique<MemoryReader>(batches_, std::move(places), whole);
}

bool is_missing_text(std::string_view text) noexcept {
  return std::find(kMissingTexts.begin(), kMissingTexts.end(), text) != kMissingTexts.end();
}

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

std::string value_text(const Column& column, std::size_t row) {
  switch (column.type) {
    case ColumnType::boolean:
      return column.booleans[row] != 0 ? "true" : "false";
    case ColumnType::int64:
      return std::to_string(column.integers[row]);
    case ColumnType::float64:
      return number_text(column.doubles[row]);
    case ColumnType::string:
      return std::string(column.text(row));
    case ColumnType::timestamp:
      return format_rfc3339(Timestamp{column.integers[row]});
  }
  return {};
}

}  // namespace tracseq::tables
