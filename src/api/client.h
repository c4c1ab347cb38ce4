// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/http.h"

namespace tracseq::api {

// A way to the route table: in this process (LocalClient) or on a server (server/http_client.h). The model
// server, the worker and the command line use it and do not know which. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;
  // The response, whatever its status; an error only when none came (`unavailable`, `deadline`).
  virtual Result<Response> send(Request request, std::chrono::milliseconds timeout) = 0;

  // A JSON call: the body of a 2xx answer, or the error the other side reported.
  Result<std::string> call(Method method, std::string_view path_and_query, std::string body = {},
                           std::chrono::milliseconds timeout = std::chrono::seconds{30});
};

// Splits and decodes "path?query" into a request: decoded once, then checked. `invalid` for bad
// percent-encoding, text that is not UTF-8, control characters, and in the path also for a backslash and for
// "." and ".." segments.
Result<Request> make_request(Method method, std::string_view path_and_query, std::string body = {});
inline constexpr std::size_t kQueryParametersMax = 256;

// Percent-encodes everything but letters, digits and "-._~"; `keep` names further characters to leave ("/" in
// paths).
std::string percent_encode(std::string_view text, std::string_view keep = {});

// The error an answer with a status of 400 and more carries; from the status alone if its body has none.
Error error_of(int status, std::string_view body);

}  // namespace tracseq::api
