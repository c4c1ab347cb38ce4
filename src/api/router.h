// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/route.h"

namespace tracseq::api {

// The route table. Lifecycle: filled in main, then constant; thread-safe afterwards.
class Router {
 public:
  Router();
  ~Router();
  // A route without a permission, or one whose method and path exist already, is a bug and aborts.
  void add(Route route);
  void add(std::vector<Route> routes);

  [[nodiscard]] std::span<const Route> routes() const;

  // The route of a request; fills request.path_params. `not_found` for an unknown path, `invalid` with the allowed
  // methods (answered 405) for a known path with another method.
  Result<const Route*> match(Request& request) const;

  // The whole call for both transports: permission, input, handler, error shape, log line, metrics. Never fails: an
  // error becomes a response.
  Response dispatch(const CallContext& ctx, Request& request) const;
  Response dispatch(const Route& route, const CallContext& ctx, Request& request) const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

// The OpenAPI 3.1 document of the table.
std::string openapi_document(const Router& router, std::string_view version);

}  // namespace tracseq::api
