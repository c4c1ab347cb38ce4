// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/describe.h"
#include "base/json.h"
#include "base/strong.h"

namespace tracseq::sql {

// A named statement. The name is for metrics (statement_times.h) and logs; prepared statements are cached by
// their text, since a search makes its text at run time under one name. The text must live until the call
// returns. Parameters are `?`; the PostgreSQL driver numbers them. `postgres` replaces the text there where
// the dialects truly differ.
struct Statement {
  const char* name;
  const char* text;
  const char* postgres = nullptr;
};

// One parameter; borrows text and bytes for the duration of the call. Booleans are 0/1, times microseconds
// since the epoch, enums their names, free documents JSON text. In a column of doubles SQLite keeps NaN as
// NULL and −0 as 0: columns that must hold every double store its bits (double_bits).
class Arg {
 public:
  using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, ByteView>;
  Arg(std::nullptr_t) : value_(nullptr) {}                      // NOLINT(google-explicit-constructor)
  Arg(bool v) : value_(static_cast<std::int64_t>(v)) {}         // NOLINT(google-explicit-constructor)
  Arg(int v) : value_(static_cast<std::int64_t>(v)) {}          // NOLINT(google-explicit-constructor)
  Arg(std::int64_t v) : value_(v) {}                            // NOLINT(google-explicit-constructor)
  Arg(std::size_t v) : value_(static_cast<std::int64_t>(v)) {}  // NOLINT(google-explicit-constructor)
  Arg(double v) : value_(v) {}                                  // NOLINT(google-explicit-constructor)
  Arg(std::string_view v) : value_(v) {}                        // NOLINT(google-explicit-constructor)
  Arg(const std::string& v) : value_(std::string_view(v)) {}    // NOLINT(google-explicit-constructor)
  Arg(const char* v) : value_(std::string_view(v)) {}           // NOLINT(google-explicit-constructor)
  Arg(ByteView v) : value_(v) {}                                // NOLINT(google-explicit-constructor)
  Arg(const Digest& v) : value_(ByteView(v)) {}                 // NOLINT(google-explicit-constructor)
  Arg(Timestamp v) : value_(v.us) {}                            // NOLINT(google-explicit-constructor)
  template <class Tag, class Rep>
  Arg(const Strong<Tag, Rep>& v) : Arg(v.value()) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  Arg(const std::optional<T>& v)
      : value_(v ? Arg(*v).value_ : Value(nullptr)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] const Value& value() const noexcept { return value_; }

 private:
  Value value_;
};
using Args = std::span<const Arg>;

// One row of a result, valid inside the callback that gets it. Column indices from 0. A getter of another
// kind than the column converts as SQLite does (text of a number, number of a text); null gives 0 or the
// empty text.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual int columns() const = 0;
  [[nodiscard]] virtual std::string_view name(int column) const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] virtual ByteView bytes(int column) const = 0;
  [[nodiscard]] Timestamp time(int column) const { return {integer(column)}; }
  [[nodiscard]] std::optional<Timestamp> maybe_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }
  [[nodiscard]] std::string str(int column) const { return std::string(text(column)); }

  // Fills a described struct by column name; columns without a field and fields without a column are passed
  // over, null leaves a field as it is (an optional becomes empty). `internal` if stored text does not
  // decode.
  Result<void> read(const TypeInfo& type, void* object) const;
  template <class T>
  Result<T> as() const {
    T value{};
    TRACSEQ_CHECK(read(type_info<T>(), &value));
    return value;
  }
};

// A bulk insert: `INSERT INTO table (columns) VALUES …` plus `suffix` (e.g. "ON CONFLICT DO NOTHING"). One
// multi-row VALUES statement on SQLite, `unnest` on PostgreSQL. All columns have the same number of elements.
struct BulkInsert {
  const char* name;
  const char* table;
  std::initializer_list<const char*> columns;
  const char* suffix = "";
};
using Column =
    std::variant<std::span<const std::int64_t>, std::span<const double>, std::span<const std::string>,
                 std::span<const std::optional<std::int64_t>>, std::span<const std::optional<double>>,
                 std::span<const std::optional<std::string>>, std::span<const Blob>>;

// Doubles as integers that sort as the doubles do, every bit kept: NaN (of either sign), infinities and −0
// included. Signed integers compare like the doubles; NaNs lie outside the infinities.
std::int64_t double_bits(double value) noexcept;
double bits_double(std::int64_t bits) noexcept;

}  // namespace tracseq::sql
