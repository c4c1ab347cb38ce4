// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace tracseq {

// The closed set of reasons why a call fails. The enumerator's name is its wire name; result.cpp holds the
// one table to HTTP statuses, mlops/errors.py the one to Python exceptions.
enum class Code {
  invalid,
  unauthenticated,
  forbidden,
  not_found,
  conflict,
  too_large,
  precondition_failed,
  unprocessable,
  resource_exhausted,
  cancelled,
  internal,
  unsupported,
  unavailable,
  deadline,
  storage_full,
};

// An expected failure, passed as a value.
struct Error {
  Code code = Code::internal;
  std::string message;  // the caller sees this: names the field, the value and what is allowed
  std::string detail;   // only the log sees this: SQLSTATE, paths, upstream text
  std::string field;    // dotted path of the offending field, empty where there is none
};

template <class T>
using Result = tl::expected<T, Error>;

// The wire name of a code, e.g. "not_found".
std::string_view code_name(Code code) noexcept;
// The code of a wire name; `internal` for an unknown one (an answer of a newer peer).
Code code_from_name(std::string_view name) noexcept;
// The HTTP status a code is answered with.
int http_status(Code code) noexcept;

// Shorthand for `return fail(Code::not_found, "…")` in functions that return a Result.
inline tl::unexpected<Error> fail(Code code, std::string message, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(detail), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
// An `invalid` error about one field.
inline tl::unexpected<Error> fail_field(std::string field, std::string message) {
  return tl::unexpected<Error>(Error{Code::invalid, std::move(message), {}, std::move(field)});
}

// Aborts with the place and the condition: a bug, never something input can cause. Stays on in release
// builds.
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace tracseq

#define TRACSEQ_ENSURE(cond) \
  ((cond) ? static_cast<void>(0) : ::tracseq::ensure_failed(#cond, __FILE__, __LINE__))

#define TRACSEQ_CONCAT_(a, b) a##b
#define TRACSEQ_CONCAT(a, b) TRACSEQ_CONCAT_(a, b)

// TRACSEQ_TRY(auto run, service.get(id)): binds the value or returns the error.
#define TRACSEQ_TRY(decl, expr) TRACSEQ_TRY_(TRACSEQ_CONCAT(tracseq_try_, __LINE__), decl, expr)
#define TRACSEQ_TRY_(tmp, decl, expr)                        \
  auto tmp = (expr);                                         \
  if (!tmp) return ::tl::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)

// TRACSEQ_CHECK(service.remove(id)): returns the error, drops the value.
#define TRACSEQ_CHECK(expr)                                      \
  do {                                                           \
    if (auto tracseq_check = (expr); !tracseq_check)             \
      return ::tl::unexpected(std::move(tracseq_check).error()); \
  } while (false)
