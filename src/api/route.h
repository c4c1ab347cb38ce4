// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "api/http.h"
#include "base/describe.h"

namespace tracseq::api {

// What a route does to the state: `changes` writes an audit entry each, `appends` one per commit group.
enum class Effect { reads, changes, appends };
// Where a handler runs. `immediate`: memory only or merely enqueues, on the caller's own thread; `worker`:
// SQL, files, models, on the bounded pool. `probe`: a question about the server's condition, on threads kept
// for them, so that it is answered while every worker waits.
enum class RunsOn { immediate, worker, probe };
// How the body reaches the handler: not at all, whole as JSON, pulled piece by piece, or whole and of any
// content type (protocols that carry tensors).
enum class BodyKind { none, json, stream, bytes };

using Handler = std::function<Result<Response>(const CallContext&, Request&)>;

// One capability. The table of all routes is what the HTTP server and the in-process transport serve and what
// OpenAPI, the page's types and the reference are made from.
struct Route {
  Method method;
  std::string path;        // "/api/v1/runs/{run_id}"; "{path...}" takes the rest
  std::string permission;  // "runs:read"; "public" needs no credential
  Effect effect;
  std::string summary;               // one sentence for OpenAPI and the CLI
  const TypeInfo* input = nullptr;   // fields come from path, query and, for bodies of kind json, the body
  const TypeInfo* output = nullptr;  // null: not JSON (content types in `produces`)
  BodyKind body = BodyKind::none;
  RunsOn runs = RunsOn::worker;
  int status = 200;  // of success
  std::string produces = "application/json";
  std::uint64_t body_bytes_max = 8UL << 20;
  Handler handler;
  std::uint64_t inline_body_bytes_max =
      std::numeric_limits<std::uint64_t>::max();  // an immediate call with more is a worker's
  bool quiet = false;  // answers below 400 are logged for debugging only: a call of thousands a second
};

// Fills a described input from path parameters, query string and JSON body, in that order of precedence; a
// field given twice with different values, or an unknown one, is `invalid`.
Result<void> read_input(const TypeInfo& type, const Request& request, BodyKind body, void* input);

namespace detail {
// clang-format off
template <class F> struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> { using result = R; using args = std::tuple<A...>; };
template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> { using result = R; using args = std::tuple<A...>; };
template <class R, class... A>
struct Signature<R (*)(A...)> { using result = R; using args = std::tuple<A...>; };
// clang-format on
template <class R>
struct OutputOf;
template <class T>
struct OutputOf<Result<T>> {
  using type = T;
};
}  // namespace detail

// What a change without an own result answers with.
struct Empty {};
TRACSEQ_DESCRIBE(Empty, ())

struct RouteOptions {
  RunsOn runs = RunsOn::worker;
  int status = 200;
  std::uint64_t body_bytes_max = 8UL << 20;
};

// A JSON route from a callable `Result<Out>(const CallContext&, const In&)`; In and Out are described types.
template <class F>
Route route(Method method, std::string path, std::string permission, Effect effect, std::string summary,
            F function, RouteOptions options = {}) {
  using S = detail::Signature<F>;
  using In = std::remove_cvref_t<std::tuple_element_t<1, typename S::args>>;
  using Out = typename detail::OutputOf<typename S::result>::type;
  static_assert(!std::is_void_v<Out>, "answer with Empty");
  const BodyKind body = method == Method::get || method == Method::del ? BodyKind::none : BodyKind::json;
  const int status = options.status;
  return {method,
          std::move(path),
          std::move(permission),
          effect,
          std::move(summary),
          &type_info<In>(),
          &type_info<Out>(),
          body,
          options.runs,
          status,
          "application/json",
          options.body_bytes_max,
          [function = std::move(function), body, status](const CallContext& ctx,
                                                         Request& request) -> Result<Response> {
            In input{};
            TRACSEQ_CHECK(read_input(type_info<In>(), request, body, &input));
            TRACSEQ_TRY(const Out output, function(ctx, input));
            return Response::json(to_json(output), status);
          }};
}

// A streaming route: `Result<Response>(const CallContext&, const In&, Request&)`; In is filled from path and
// query.
template <class F>
Route stream_route(Method method, std::string path, std::string permission, Effect effect,
                   std::string summary, std::string produces, F function, RouteOptions options = {}) {
  using S = detail::Signature<F>;
  using In = std::remove_cvref_t<std::tuple_element_t<1, typename S::args>>;
  const BodyKind body = method == Method::get || method == Method::del ? BodyKind::none : BodyKind::stream;
  return {
      method,
      std::move(path),
      std::move(permission),
      effect,
      std::move(summary),
      &type_info<In>(),
      nullptr,
      body,
      options.runs,
      options.status,
      std::move(produces),
      options.body_bytes_max,
      [function = std::move(function), body](const CallContext& ctx, Request& request) -> Result<Response> {
        In input{};
        TRACSEQ_CHECK(read_input(type_info<In>(), request, body, &input));
        return function(ctx, input, request);
      }};
}

}  // namespace tracseq::api
