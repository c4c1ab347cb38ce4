// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/http.h"

namespace tracseq::api {

// A way to the route table: in this process (LocalClient) or on a server (server/http_client.h). The model server,
// the worker and the command line use it and do not know which. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;
  // The response, whatever its status; an error only when none came (`unavailable`, `deadline`).
  virtual Result<Response> send(Request request, std::chrono::milliseconds timeout) = 0;

  // A JSON call: the body of a 2xx answer, or the error the other side reported.
  Result<std::string> call(Method method, std::string_view path_and_query, std::string body = {},
                           std::chrono::milliseconds timeout = std::chrono::seconds{30});
};

// Splits and decodes "path?query" into a request. `invalid` for bad percent-encoding, NUL or control characters.
Result<Request> make_request(Method method, std::string_view path_and_query, std::string body = {});

}  // namespace tracseq::api
