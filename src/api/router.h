// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/route.h"
#include "base/metrics.h"

namespace tracseq::api {

// The route table. Lifecycle: filled in main, then constant; thread-safe afterwards.
class Router {
 public:
  explicit Router(metrics::Registry& metrics = metrics::process());
  ~Router();
  // A route without a permission, one whose method and path exist already, or one with a path parameter its
  // input has no field for, is a bug and aborts.
  void add(Route route);
  void add(std::vector<Route> routes);

  [[nodiscard]] std::span<const Route> routes() const;

  // What a request asks for. Without a route, `allow` lists the methods its path has ("GET, POST"; empty:
  // unknown path).
  struct Match {
    const Route* route = nullptr;
    std::string allow;
  };
  // Fills request.path_params. Literal segments go before parameters, parameters before tails.
  Match match(Request& request) const;
  // The methods a path has, as `Match::allow` lists them; empty: unknown path.
  [[nodiscard]] std::string allowed(std::string_view path) const;

  // The whole call for both transports: permission, input, handler, error shape, entity tag, log line,
  // metrics. Never fails: an error becomes a response. The headers "idempotency-key" and "x-reason" go into
  // the context.
  Response dispatch(const CallContext& ctx, Request& request) const;
  Response dispatch(const Match& match, const CallContext& ctx, Request& request) const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

inline constexpr std::size_t kIdempotencyKeyMax = 200;  // bytes
inline constexpr std::size_t kReasonMax = 2'000;        // bytes

// The OpenAPI 3.1 document of the table.
std::string openapi_document(const Router& router, std::string_view version);

}  // namespace tracseq::api
