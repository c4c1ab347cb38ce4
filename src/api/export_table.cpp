// SPDX-License-Identifier: MIT
#include "api/export_table.h"

#include <cmath>
#include <optional>

namespace tracseq::api {
namespace {

// Calls `visit(name, value)` for each leaf of an object.
template <class F>
void for_each_leaf(const Json& value, const std::string& name, const F& visit) {
  const Json::Object* members = value.as_object();
  if (members == nullptr) {
    visit(name, value);
    return;
  }
  for (const auto& [key, child] : *members)
    for_each_leaf(child, name.empty() ? key : name + "." + key, visit);
}

// Typed number fields carry what is not finite as text.
std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.number_or(0);
  const std::string* text = value.as_string();
  if (text == nullptr) return std::nullopt;
  if (*text == "NaN") return std::nan("");
  if (*text == "Infinity") return HUGE_VAL;
  if (*text == "-Infinity") return -HUGE_VAL;
  return std::nullopt;
}

std::string text_of_value(const Json& value) {
  return value.is_string() ? value.string_or("") : dump_json(value);
}

std::string csv_cell(const Json& value) {
  if (value.is_null()) return {};
  if (const auto number = number_of(value); number && !std::isfinite(*number))
    return std::isnan(*number) ? "NaN" : *number > 0 ? "Infinity" : "-Infinity";
  std::string text = text_of_value(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

void ExportTable::learn(const Json& item) {
  for_each_leaf(item, "", [&](const std::string& name, const Json& value) { learn_member(name, value); });
}

void ExportTable::learn_member(const std::string& name, const Json& value) {
  const auto [place, fresh] = index_.emplace(name, columns_.size());
  if (fresh) columns_.push_back({name});
  if (value.is_null()) return;
  Seen& seen = columns_[place->second];
  seen.numbers = seen.numbers && number_of(value).has_value();
  seen.integers = seen.integers && value.is_integer();
  seen.booleans = seen.booleans && value.is_bool();
}

void ExportTable::learn(const TypeInfo& row) { learn_member("", row); }

void ExportTable::learn_member(const std::string& name, const TypeInfo& type) {
  switch (type.kind) {
    case Kind::optional:
      learn_member(name, type.element());
      return;
    case Kind::object:
      for (const Field& field : type.fields)
        learn_member(name.empty() ? field.name : name + "." + field.name, field.type());
      return;
    case Kind::map:
      return;
    default:
      break;
  }
  const bool integer = type.kind == Kind::int32 || type.kind == Kind::int64;
  if (index_.emplace(name, columns_.size()).second)
    columns_.push_back({name, integer || type.kind == Kind::float64, integer, type.kind == Kind::boolean});
}

tables::ColumnType ExportTable::type_of(const Seen& seen) {
  if (seen.integers && seen.booleans) return tables::ColumnType::string;  // never a value at all
  if (seen.integers) return tables::ColumnType::int64;
  if (seen.numbers) return tables::ColumnType::float64;
  return seen.booleans ? tables::ColumnType::boolean : tables::ColumnType::string;
}

std::vector<tables::ColumnInfo> ExportTable::columns() const {
  std::vector<tables::ColumnInfo> infos;
  for (const Seen& seen : columns_) infos.push_back({seen.name, type_of(seen)});
  return infos;
}

std::string ExportTable::csv_header() const {
  if (columns_.empty()) return {};
  std::string line;
  for (const Seen& seen : columns_) line += (line.empty() ? "" : ",") + csv_cell(Json(seen.name));
  return line + "\r\n";
}

std::string ExportTable::csv_row(const Json& item) const {
  std::vector<std::string> cells(columns_.size());
  for_each_leaf(item, "", [&](const std::string& name, const Json& value) {
    if (const auto found = index_.find(name); found != index_.end()) cells[found->second] = csv_cell(value);
  });
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + cells[i];
  return line + "\r\n";
}

tables::ColumnBatch ExportTable::empty_batch() const {
  tables::ColumnBatch batch;
  for (const auto& info : columns()) {
    tables::Column column;
    column.name = info.name;
    column.type = info.type;
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

void ExportTable::add_row(tables::ColumnBatch& batch, const Json& item) const {
  std::vector<const Json*> cells(columns_.size(), nullptr);
  for_each_leaf(item, "", [&](const std::string& name, const Json& value) {
    if (const auto found = index_.find(name); found != index_.end() && !value.is_null())
      cells[found->second] = &value;
  });
  const std::size_t row = batch.rows++;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    tables::Column& column = batch.columns[i];
    const Json* value = cells[i];
    switch (column.type) {
      case tables::ColumnType::int64:
        column.integers.push_back(value != nullptr ? value->integer_or(0) : 0);
        break;
      case tables::ColumnType::float64:
        column.doubles.push_back(value != nullptr ? number_of(*value).value_or(0) : 0);
        break;
      case tables::ColumnType::boolean:
        column.booleans.push_back(value != nullptr && value->bool_or(false) ? 1 : 0);
        break;
      default:
        column.append_text(value != nullptr ? text_of_value(*value) : std::string());
    }
    if (!column.validity.empty() && column.validity.size() * 64 < batch.rows)
      column.validity.push_back(~std::uint64_t{0});
    if (value == nullptr) column.set_missing(row, batch.rows);
  }
}

}  // namespace tracseq::api
