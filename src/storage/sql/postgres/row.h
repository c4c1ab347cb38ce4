// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

#include <map>
#include <string>

#include "storage/sql/value.h"

namespace tracseq::sql::postgres {

// The rows of a result in text form, one after the other.
class ResultRow final : public Row {
 public:
  explicit ResultRow(const PGresult* result) : result_(result) {}
  void move_to(int row) {
    row_ = row;
    decoded_.clear();
  }
  [[nodiscard]] int columns() const override { return PQnfields(result_); }
  [[nodiscard]] std::string_view name(int column) const override { return PQfname(result_, column); }
  [[nodiscard]] bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] double real(int column) const override;
  [[nodiscard]] std::string_view text(int column) const override;
  [[nodiscard]] ByteView bytes(int column) const override { return bytes_of(text(column)); }

 private:
  [[nodiscard]] std::string_view raw(int column) const;

  const PGresult* result_;
  int row_ = 0;
  mutable std::map<int, std::string> decoded_;  // byte columns of this row
};

}  // namespace tracseq::sql::postgres
