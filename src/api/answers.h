// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/router.h"

namespace tracseq::api {

// Asks routes of the table for what a composed answer needs, as the caller and without a log line of their
// own. Lifecycle: made for one call; router and context outlive it. Used by one thread.
class Answers {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;
  Answers(const Router& router, const CallContext& ctx) : router_(router), ctx_(ctx) {}

  // The answer of a GET; nothing where there is no such route or object, or the caller may not read it.
  [[nodiscard]] std::optional<Json> get(std::string path, Query query = {}) const;
  // The rows of a list's first page; none where `get` answers nothing.
  [[nodiscard]] Json::Array list(std::string path, Query query = {}) const;

 private:
  const Router& router_;
  const CallContext& ctx_;
};

// Members of rows, of whatever kind: empty or nothing where they are missing or of another kind. The names of
// non-finite doubles ("NaN") count as nothing.
std::string text_of(const Json& row, std::string_view key);
std::optional<double> number_of(const Json& row, std::string_view key);
std::optional<Timestamp> time_of(const Json& row, std::string_view key);

}  // namespace tracseq::api
