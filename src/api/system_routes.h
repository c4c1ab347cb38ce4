// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/router.h"

namespace tracseq::api {

// What the probes ask; a function left empty means yes. All are called from several threads.
struct Health {
  std::function<Result<void>()> can_read;  // the error says why not; both are asked often: keep answers
  std::function<Result<void>()> can_write;
  std::function<bool()> draining;  // the server is about to stop
};

// /livez, /readyz?for=read|write, /health, /version, /metrics, /openapi.json and /docs/api. The probes need
// no credential and tell nothing of the laboratory; /metrics needs system:read. The router and the registry
// outlive the routes; the documents are made from the router when first asked for, so it must be complete by
// then.
std::vector<Route> system_routes(const Router& router, std::string version, Health health,
                                 metrics::Registry& metrics = metrics::process());

// GET /openapi.json alone, for a server with a table of its own. Made when first asked for; the router
// outlives the route.
Route openapi_route(const Router& router, std::string version);

// The API reference as one HTML page, made from the OpenAPI document. No script, style in a file of its own.
std::string reference_page(const std::string& openapi);
std::string_view reference_style();

}  // namespace tracseq::api
