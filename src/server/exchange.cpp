// SPDX-License-Identifier: MIT
#include "server/exchange.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/client.h"
#include "base/id.h"
#include "base/log.h"
#include "server/gzip.h"
#include "server/header_text.h"

namespace tracseq::server {
namespace {

constexpr std::size_t kRequestIdMax = 64;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

bool is_unsafe(std::string_view verb) { return verb != "GET" && verb != "HEAD" && verb != "OPTIONS"; }

// "application/json; charset=utf-8" → "application/json".
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, std::min(content_type.find(';'), content_type.size())));
  while (type.ends_with(' ')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type;
}

// The part of a target after scheme and authority: proxies send the absolute form.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return target;
}

}  // namespace

Exchange::Exchange(const Services& services, Head head, std::string client_address)
    : services_(services),
      service_(*services.service.load(std::memory_order_acquire)),
      head_(std::move(head)) {
  const std::string_view given = head_.field("x-request-id");
  ctx_.request_id = is_request_id(given) ? std::string(given) : new_id();
  ctx_.actor.id = ctx_.actor.kind = "anonymous";
  ctx_.actor.client_address = std::move(client_address);
  set_deadline();
}

void Exchange::set_deadline() {
  std::chrono::milliseconds time = services_.options.limits.request_timeout;
  const std::string_view wanted = head_.field("x-timeout-ms");
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), ms);
  if (error == std::errc{} && end == wanted.data() + wanted.size() && ms > 0)
    time = std::min(time, std::chrono::milliseconds(ms));
  ctx_.deadline = Steady::now() + time;
}

api::Response Exchange::refuse(Code code, std::string message, int status) const {
  log::info("request.refused", {{"request_id", ctx_.request_id},
                                {"code", code_name(code)},
                                {"message", message},
                                {"client", ctx_.actor.client_address}});
  return api::error_response({code, std::move(message), {}, {}}, ctx_.request_id, status);
}

bool Exchange::wants_continue() const {
  return head_.http_1_1 && media_type(head_.field("expect")) == "100-continue";
}

bool Exchange::runs_inline() const {
  const api::Route& route = *match_.route;
  return route.runs == api::RunsOn::immediate && (authenticated_ || route.permission == "public") &&
         request_.body.size() <= route.inline_body_bytes_max;
}

std::optional<api::Response> Exchange::check_head() {
  if (head_.http_1_1 && head_.count("host") != 1)
    return refuse(Code::invalid, "the request must have one Host header");
  if (head_.fields.size() > kHeadersMax)
    return refuse(Code::too_large, fmt::format("more than {} header fields", kHeadersMax), 431);
  const std::string coding = media_type(head_.field("transfer-encoding"));
  if (head_.count("transfer-encoding") > 1 || (!coding.empty() && (coding != "chunked" || !head_.http_1_1)))
    return refuse(Code::invalid, "of transfer codings only chunked is understood, once, in HTTP/1.1");
  for (const char* name : {"content-type", "authorization", "origin", "idempotency-key"})
    if (head_.count(name) > 1)
      return refuse(Code::invalid, fmt::format("the header {} is given twice", name));
  if (!services_.guard.host_known(head_.field("host")))
    return refuse(
        Code::forbidden,
        fmt::format("this server does not answer to the name '{}'", head_.field("host").substr(0, 100)), 421);
  if (!head_.field("expect").empty() && !wants_continue())
    return refuse(Code::invalid, "of Expect only 100-continue is understood", 417);
  return check_origin();
}

// A browser sends Origin with every unsafe cross-site request; the page itself has the server's own.
std::optional<api::Response> Exchange::check_origin() {
  if (!is_unsafe(head_.verb)) return std::nullopt;
  const std::string_view origin = head_.field("origin");
  if (!services_.guard.origin_allowed(origin, head_.field("host")))
    return refuse(Code::forbidden,
                  fmt::format("a page of {} may not change anything here", origin.substr(0, 100)));
  if (origin.empty() && head_.field("sec-fetch-site") == "cross-site")
    return refuse(Code::forbidden, "a page of another site may not change anything here");
  return std::nullopt;
}

std::optional<api::Response> Exchange::read_target() {
  head_only_ = head_.verb == "HEAD";
  const std::string_view target = origin_form(head_.target);
  if (target.find('#') != std::string_view::npos) return refuse(Code::invalid, "the address holds a '#'");
  auto request = api::make_request(api::Method::get, target);
  if (!request) return refuse(request.error().code, request.error().message);
  const auto method = api::method_from(head_only_ ? std::string_view("GET") : std::string_view(head_.verb));
  if (!method) {
    request_ = std::move(*request);
    return unknown_method();
  }
  request_ = std::move(*request);
  request_.method = *method;
  for (const auto& [name, value] : head_.fields) {
    std::string& place = request_.headers[name];
    place = place.empty() ? value : place + ", " + value;
  }
  request_.content_length = head_.chunked ? std::nullopt : std::optional(head_.content_length.value_or(0));
  return std::nullopt;
}

// What the path takes instead.
api::Response Exchange::unknown_method() const {
  std::string allow = service_.router.allowed(request_.path);
  if (allow.empty() && page_or_nothing()) allow = "GET, HEAD";
  if (allow.empty())
    return refuse(Code::not_found, fmt::format("there is no {}", request_.path.substr(0, 200)));
  api::Response response = refuse(
      Code::invalid,
      fmt::format("the method {} is not known here; allowed: {}", head_.verb.substr(0, 20), allow), 405);
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

std::optional<api::Response> Exchange::admit() {
  if (auto answer = check_head()) return answer;
  if (auto answer = read_target()) return answer;
  match_ = service_.router.match(request_);
  if (match_.route == nullptr) {
    if (auto answer = page_or_nothing()) return answer;
    return service_.router.dispatch(match_, ctx_, request_);
  }
  return check_body();
}

std::optional<api::Response> Exchange::page_or_nothing() const {
  const bool reads = request_.method == api::Method::get;
  if (!reads || !match_.allow.empty() || !services_.options.serve_page) return std::nullopt;
  return services_.page.get(request_.path, request_.header("if-none-match"),
                            takes_gzip(request_.header("accept-encoding")));
}

std::optional<api::Response> Exchange::check_body() {
  const api::Route& route = *match_.route;
  if (!head_.has_body()) return std::nullopt;
  if (head_.content_length.value_or(0) > route.body_bytes_max)
    return refuse(Code::too_large, fmt::format("the body has {} bytes; at most {} are taken",
                                               *head_.content_length, route.body_bytes_max));
  const std::string_view coding = head_.field("content-encoding");
  const bool whole = route.body == api::BodyKind::json || route.body == api::BodyKind::bytes;
  const bool packed = (coding == "gzip" || coding == "deflate") && whole;
  if (!coding.empty() && coding != "identity" && !packed)
    return refuse(Code::invalid,
                  fmt::format("the Content-Encoding '{}' is not understood here", coding.substr(0, 50)), 415);
  if (route.body != api::BodyKind::json) return std::nullopt;
  const std::string type = media_type(head_.field("content-type"));
  // Clients of the Open Inference Protocol leave the type out; elsewhere it tells a form of another site from
  // a call.
  const bool may_lack = route.path.starts_with("/v2/") || route.path == "/v2";
  if (type == "application/json" || (type.empty() && may_lack)) return std::nullopt;
  return refuse(Code::invalid,
                fmt::format("the Content-Type is '{}'; it must be application/json", type.substr(0, 80)),
                415);
}

bool Exchange::authenticate_from_memory() {
  if (match_.route->permission == "public") return true;
  auto known = service_.authenticator.from_memory(request_);
  if (!known) return false;
  authenticated_ = true;
  if (!*known) {
    refused_ = std::move(*known).error();
    return true;
  }
  std::string address = std::move(ctx_.actor.client_address);
  ctx_.actor = std::move(**known);
  ctx_.actor.client_address = std::move(address);
  return true;
}

std::optional<api::Response> Exchange::authorise(bool ask_authenticator) {
  const api::Route& route = *match_.route;
  if (route.permission == "public") return std::nullopt;
  if (ask_authenticator && !authenticated_) {
    auto actor = service_.authenticator.authenticate(request_);
    authenticated_ = true;
    if (actor) {
      std::string address = std::move(ctx_.actor.client_address);
      ctx_.actor = std::move(*actor);
      ctx_.actor.client_address = std::move(address);
    } else {
      refused_ = std::move(actor).error();
    }
  }
  if (refused_) return refuse(refused_->code, refused_->message);
  if (!authenticated_ || ctx_.actor.may(route.permission)) return std::nullopt;
  return service_.router.dispatch(match_, ctx_, request_);  // refuses before it looks at the input
}

bool Exchange::still_good(const Result<Actor>& actor) const {
  const bool good =
      actor ? actor->may(match_.route->permission) : actor.error().code != Code::unauthenticated;
  if (!good)
    log::info("feed.ended", {{"request_id", ctx_.request_id},
                             {"actor", ctx_.actor.id},
                             {"message", "its credential is no longer good"}});
  return good;
}

std::optional<bool> Exchange::still_allowed_from_memory() const {
  if (match_.route->permission == "public") return true;
  const auto actor = service_.authenticator.from_memory(request_);
  return actor ? std::optional(still_good(*actor)) : std::nullopt;
}

bool Exchange::still_allowed() const { return still_good(service_.authenticator.authenticate(request_)); }

Result<void> Exchange::unpack_body() {
  const std::string_view coding = head_.field("content-encoding");
  if (request_.body.empty() || (coding != "gzip" && coding != "deflate")) return {};
  TRACSEQ_TRY(request_.body, coding == "gzip" ? gunzip(request_.body, match_.route->body_bytes_max)
                                              : inflate_zlib(request_.body, match_.route->body_bytes_max));
  return {};
}

api::Response Exchange::run() {
  if (auto answer = authorise(true)) return std::move(*answer);
  if (auto unpacked = unpack_body(); !unpacked)
    return refuse(unpacked.error().code, unpacked.error().message);
  api::Response response = service_.router.dispatch(match_, ctx_, request_);
  const bool text = is_text(response.content_type) && !response.stream && !response.feed;
  if (text && response.status == 200) {
    if (takes_gzip(request_.header("accept-encoding"))) compress(response);
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
  return response;
}

}  // namespace tracseq::server
