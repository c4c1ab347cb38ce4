// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace tracseq {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int status;
};

constexpr std::array<CodeRow, 15> kCodes{{
    {Code::invalid, "invalid", 400},
    {Code::unauthenticated, "unauthenticated", 401},
    {Code::forbidden, "forbidden", 403},
    {Code::not_found, "not_found", 404},
    {Code::conflict, "conflict", 409},
    {Code::too_large, "too_large", 413},
    {Code::precondition_failed, "precondition_failed", 412},
    {Code::unprocessable, "unprocessable", 422},
    {Code::resource_exhausted, "resource_exhausted", 429},
    {Code::cancelled, "cancelled", 499},
    {Code::internal, "internal", 500},
    {Code::unsupported, "unsupported", 501},
    {Code::unavailable, "unavailable", 503},
    {Code::deadline, "deadline", 504},
    {Code::storage_full, "storage_full", 507},
}};

const CodeRow& row(Code code) noexcept {
  for (const auto& entry : kCodes)
    if (entry.code == code) return entry;
  TRACSEQ_ENSURE(!"a code without a row");
  return kCodes[0];
}

}  // namespace

std::string_view code_name(Code code) noexcept { return row(code).name; }

Code code_from_name(std::string_view name) noexcept {
  for (const auto& entry : kCodes)
    if (entry.name == name) return entry.code;
  return Code::internal;
}

int http_status(Code code) noexcept { return row(code).status; }

void ensure_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace tracseq
