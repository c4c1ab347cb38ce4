// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_source.h"
#include "base/context.h"
#include "base/result.h"

namespace tracseq::api {

enum class Method { get, post, put, patch, del };
std::string_view method_name(Method method) noexcept;  // "GET" …
std::optional<Method> method_from(std::string_view name) noexcept;

using tracseq::ByteSource;

// A call, the same from both transports. Header names are lowercase.
struct Request {
  Method method = Method::get;
  std::string path;                                        // decoded once, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order, repeats allowed
  std::map<std::string, std::string, std::less<>> headers;
  std::string body;              // JSON routes
  ByteSource* stream = nullptr;  // streaming routes: the body, unread
  std::optional<std::uint64_t> content_length;
  std::map<std::string, std::string, std::less<>> path_params;  // filled by the router
  [[nodiscard]] std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
  }
};

// Text that comes by and by and has no end of its own (server-sent events). One reader; whoever fills it may
// be another thread. Dropping the feed ends it.
class Feed {
 public:
  virtual ~Feed() = default;
  // Sets what is called, from any thread, when `take` has something new.
  virtual void on_ready(std::function<void()> wake) = 0;
  // All text since the last call, empty if there is none; nothing at all once the feed has ended (its reader
  // was too slow, or its source is gone).
  virtual std::optional<std::string> take() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::unique_ptr<ByteSource> stream;          // instead of body
  std::optional<std::uint64_t> stream_length;  // unknown: chunked
  std::shared_ptr<Feed> feed;                  // instead of both

  static Response json(std::string text, int status = 200) {
    Response response;
    response.status = status;
    response.body = std::move(text);
    return response;
  }
};

// The one error shape: {"error": {"code", "message", "field"?, "request_id"}}. The status is the code's own,
// or `status` where HTTP has a narrower one (405, 408, 415, 421, 431).
Response error_response(const Error& error, std::string_view request_id, int status = 0);

}  // namespace tracseq::api
