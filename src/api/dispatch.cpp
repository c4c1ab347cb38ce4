// SPDX-License-Identifier: MIT
// The whole call, the same for both transports.
#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>

#include "api/announced_digest.h"
#include "api/router_tree.h"
#include "base/call_deadline.h"
#include "base/crypto.h"
#include "base/id.h"
#include "base/log.h"

namespace tracseq::api {
namespace {

constexpr std::string_view kGzipSuffix = "-gzip";  // the server marks the tag of a compressed answer with it

Result<void> check_permission(const Route& route, const Actor& actor) {
  if (route.permission == "public" || actor.may(route.permission)) return {};
  if (actor.kind == "anonymous")
    return fail(Code::unauthenticated,
                fmt::format("this call needs a credential that grants {}", route.permission));
  return fail(Code::forbidden,
              fmt::format("{} may not do this: the permission {} is missing", actor.id, route.permission));
}

bool is_plain_text(std::string_view text) {
  return is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

// Two requests with the same fingerprint are the same request. The bytes of a streamed body are not in it,
// only their number and the digest the caller announced, to which the body is held.
std::string fingerprint(const Request& request) {
  Sha256 hash;
  const auto add = [&](std::string_view part) {
    hash.update(bytes_of(std::to_string(part.size()) + ":"));  // lengths keep neighbours apart
    hash.update(bytes_of(part));
  };
  add(method_name(request.method));
  add(request.path);
  for (const auto& [name, value] : request.query) {
    add(name);
    add(value);
  }
  add(request.body);
  if (request.stream != nullptr) {
    add(request.content_length ? std::to_string(*request.content_length) : "?");
    for (const std::string_view name : kDigestHeaders) add(request.header(name));
  }
  return hex(hash.finish());
}

// The context with what the headers add to it. A key and reason given in the context itself go first.
Result<CallContext> complete(const CallContext& ctx, const Request& request) {
  CallContext full = ctx;
  if (full.request_id.empty()) full.request_id = new_id();
  if (full.idempotency_key.empty()) full.idempotency_key = request.header("idempotency-key");
  if (full.reason.empty()) full.reason = request.header("x-reason");
  if (full.idempotency_key.size() > kIdempotencyKeyMax || !is_plain_text(full.idempotency_key))
    return fail(Code::invalid,
                fmt::format("Idempotency-Key must be plain text of at most {} bytes", kIdempotencyKeyMax));
  if (full.reason.size() > kReasonMax || !is_plain_text(full.reason))
    return fail(Code::invalid, fmt::format("X-Reason must be plain text of at most {} bytes", kReasonMax));
  if (!full.idempotency_key.empty() && full.fingerprint.empty()) full.fingerprint = fingerprint(request);
  return full;
}

std::string entity_tag(std::string_view body) {
  const XXH128_hash_t hash = XXH3_128bits(body.data(), body.size());
  return fmt::format("\"{:016x}{:016x}\"", hash.high64, hash.low64);
}

// RFC 9110: If-None-Match compares weakly (a W/ does not count), If-Match strongly (a weak tag names
// nothing).
enum class Comparison { weak, strong };

// Whether one of the tags in the header names this one.
bool names_tag(std::string_view header, std::string_view tag, Comparison comparison) {
  const std::string_view bare = tag.substr(0, tag.size() - 1);  // without the closing quote
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view item = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (comparison == Comparison::weak && item.starts_with("W/")) item.remove_prefix(2);
    if (item == "*" || item == tag) return true;
    if (item.starts_with(bare) && item.substr(bare.size()) == std::string(kGzipSuffix) + "\"") return true;
  }
  return false;
}

// Answers that came whole; files bring a tag of their own.
void tag_answer(const Request& request, Response& response) {
  if (request.method != Method::get || response.status != 200 || response.stream || response.feed) return;
  for (const auto& [name, value] : response.headers)
    if (name == "ETag") return;
  const std::string tag = entity_tag(response.body);
  response.headers.emplace_back("ETag", tag);
  if (!names_tag(request.header("if-none-match"), tag, Comparison::weak)) return;
  response.status = 304;
  response.body.clear();
}

// No change can be made to depend on a tag: the rows have none that a transaction could compare. Rather than
// passing over the condition, which would lose what it was to protect, the call is refused.
Result<void> check_condition(const Request& request) {
  if (request.method == Method::get || request.header("if-match").empty()) return {};
  return fail_field("If-Match",
                    "If-Match is understood for reading only; a change cannot be made to depend on it");
}

// A reader who names the tags he wants gets the answer with one of them or none. `*` is met by whatever is
// there, tagged or not; an answer that fails anyway says why itself.
Result<void> check_wanted_tag(const Request& request, const Response& response) {
  const std::string_view wanted = request.header("if-match");
  if (request.method != Method::get || wanted.empty() || wanted == "*" || response.status >= 400) return {};
  std::string_view has = "no entity tag";
  for (const auto& [name, value] : response.headers) {
    if (name != "ETag") continue;
    if (names_tag(wanted, value, Comparison::strong)) return {};
    has = "another entity tag";
  }
  return fail({Code::precondition_failed,
               fmt::format("If-Match is {}; what is here has {}", wanted.substr(0, 200), has),
               {},
               "If-Match"});
}

Result<Response> call_handler(const Route& route, const CallContext& ctx, Request& request) {
  TRACSEQ_CHECK(check_permission(route, ctx.actor));
  TRACSEQ_TRY(const CallContext full, complete(ctx, request));
  TRACSEQ_CHECK(full.check());
  TRACSEQ_CHECK(check_condition(request));
  std::optional<TextSource> whole;
  if (route.body == BodyKind::stream &&
      request.stream == nullptr) {  // a body that came whole, for a handler that pulls
    if (!request.content_length) request.content_length = request.body.size();
    request.stream = &whole.emplace(std::move(request.body));
    request.body.clear();
  }
  const CallDeadline deadline(full.deadline);
  Result<Response> answer = route.handler(full, request);
  if (whole) request.stream = nullptr;
  if (answer) {
    tag_answer(request, *answer);
    TRACSEQ_CHECK(check_wanted_tag(request, *answer));
  }
  return answer;
}

Result<Response> call_guarded(const Route& route, const CallContext& ctx, Request& request) {
  try {
    return call_handler(route, ctx, request);
  } catch (const std::exception& bug) {
    return fail(Code::internal, "an internal error; the log has more under this request id", bug.what());
  } catch (...) {
    return fail(Code::internal, "an internal error; the log has more under this request id",
                "unknown exception");
  }
}

void count(const Route& route, Entry& entry, metrics::Registry& registry, int status, double seconds) {
  const std::size_t kind = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
  metrics::Counter* answers = entry.answers[kind].load(std::memory_order_acquire);
  if (answers == nullptr) {
    answers = &registry.counter("tracseq_requests_total", "Calls answered, by route and class of status",
                                {{"method", std::string(method_name(route.method))},
                                 {"route", route.path},
                                 {"status", fmt::format("{}xx", kind)}});
    entry.answers[kind].store(answers, std::memory_order_release);
  }
  answers->add();
  metrics::Histogram* histogram = entry.seconds.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    histogram =
        &registry.histogram("tracseq_request_seconds", "Time to answer, by route", metrics::kLatencySeconds,
                            {{"method", std::string(method_name(route.method))}, {"route", route.path}});
    entry.seconds.store(histogram, std::memory_order_release);
  }
  histogram->observe(seconds);
}

// Probes and other calls that anybody may make in memory are logged for debugging only: they would drown the
// rest.
log::Level level_of(const Route* route, int status) {
  if (status >= 500) return log::Level::error;
  if (route == nullptr || status >= 400) return log::Level::info;
  const bool probe = route->permission == "public" && route->runs == RunsOn::immediate;
  return probe || route->quiet ? log::Level::debug : log::Level::info;
}

void write_log(const Route* route, const CallContext& ctx, const Request& request, int status, double seconds,
               const Error* error) {
  const log::Level level = level_of(route, status);
  if (level < log::level()) return;
  const std::string_view path =
      route != nullptr ? std::string_view(route->path) : std::string_view("unknown");
  const auto ms = seconds * 1e3;
  if (error != nullptr) {
    log::write(level, "request",
               {{"method", method_name(request.method)},
                {"route", path},
                {"status", status},
                {"duration_ms", ms},
                {"actor", ctx.actor.id},
                {"code", code_name(error->code)},
                {"message", error->message},
                {"detail", error->detail}});
  } else {
    log::write(level, "request",
               {{"method", method_name(request.method)},
                {"route", path},
                {"status", status},
                {"duration_ms", ms},
                {"actor", ctx.actor.id}});
  }
}

Result<Response> refuse(const Router::Match& match, const Request& request) {
  if (match.allow.empty())
    return fail(Code::not_found, fmt::format("there is no {}", request.path.substr(0, 200)));
  return fail(Code::invalid,
              fmt::format("{} is not allowed here; allowed: {}", method_name(request.method), match.allow));
}

}  // namespace

Response Router::dispatch(const CallContext& ctx, Request& request) const {
  return dispatch(match(request), ctx, request);
}

Response Router::dispatch(const Match& match, const CallContext& ctx, Request& request) const {
  const auto start = Steady::now();
  const CallContext* context = &ctx;
  CallContext named;
  if (ctx.request_id.empty()) {
    named = ctx;
    named.request_id = new_id();
    context = &named;
  }
  const log::Scope scope(context->request_id);
  Result<Response> answer =
      match.route != nullptr ? call_guarded(*match.route, *context, request) : refuse(match, request);
  const bool wrong_method = match.route == nullptr && !match.allow.empty();
  Response response = answer ? std::move(*answer)
                             : error_response(answer.error(), context->request_id, wrong_method ? 405 : 0);
  if (wrong_method) response.headers.emplace_back("Allow", match.allow);
  const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
  if (match.route != nullptr)
    count(*match.route, tree_->entry_of(*match.route), tree_->metrics, response.status, seconds);
  write_log(match.route, *context, request, response.status, seconds, answer ? nullptr : &answer.error());
  return response;
}

}  // namespace tracseq::api
