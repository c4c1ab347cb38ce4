// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/array.h"

#include <bit>
#include <type_traits>

#include "storage/sql/postgres/types.h"

namespace tracseq::sql::postgres {
namespace {

template <class T>
struct ElementType;
template <>
struct ElementType<std::int64_t> {
  static constexpr Oid oid = kIntType;
  static constexpr const char* array = "bigint[]";
};
template <>
struct ElementType<double> {
  static constexpr Oid oid = kRealType;
  static constexpr const char* array = "double precision[]";
};
template <>
struct ElementType<std::string> {
  static constexpr Oid oid = kTextType;
  static constexpr const char* array = "text[]";
};
template <>
struct ElementType<Blob> {
  static constexpr Oid oid = kBytesType;
  static constexpr const char* array = "bytea[]";
};
template <class T>
struct ElementType<std::optional<T>> : ElementType<T> {};

template <class Unsigned>
void put(std::string& out, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xff);
}
void put_length(std::string& out, std::size_t length) { put(out, static_cast<std::uint32_t>(length)); }

bool put_element(std::string& out, std::int64_t value) {
  put_length(out, sizeof value);
  put(out, static_cast<std::uint64_t>(value));
  return true;
}
bool put_element(std::string& out, double value) {
  put_length(out, sizeof value);
  put(out, std::bit_cast<std::uint64_t>(value));
  return true;
}
bool put_element(std::string& out, const std::string& value) {
  put_length(out, value.size());
  out += value;
  return value.find('\0') == std::string::npos;
}
bool put_element(std::string& out, const Blob& value) {
  put_length(out, value.bytes.size());
  out += value.bytes;
  return true;
}
template <class T>
bool put_element(std::string& out, const std::optional<T>& value) {
  if (value) return put_element(out, *value);
  put(out, std::uint32_t{0xffffffff});  // null
  return true;
}

template <class T>
using ElementOf = ElementType<std::remove_cvref_t<T>>;

}  // namespace

Result<std::string> binary_array(const Column& column, std::size_t first, std::size_t count) {
  std::string out;
  const bool fine = std::visit(
      [&]<class T>(std::span<const T> values) {
        put(out, std::uint32_t{1});  // dimensions
        put(out, std::uint32_t{1});  // there may be nulls
        put(out, static_cast<std::uint32_t>(ElementOf<T>::oid));
        put_length(out, count);
        put(out, std::uint32_t{1});  // index of the first element
        bool all = true;
        for (const T& value : values.subspan(first, count)) all = put_element(out, value) && all;
        return all;
      },
      column);
  if (!fine) return fail(Code::invalid, "text must not contain the character U+0000");
  return out;
}

const char* array_type(const Column& column) {
  return std::visit([]<class T>(std::span<const T>) { return ElementOf<T>::array; }, column);
}

}  // namespace tracseq::sql::postgres
