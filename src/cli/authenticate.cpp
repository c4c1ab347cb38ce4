// SPDX-License-Identifier: MIT
#include "cli/authenticate.h"

namespace tracseq::cli {
namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

Actor TokenAuthenticator::without_credential() const {
  Actor actor;
  if (anonymous_ == Anonymous::refuse) {
    actor.id = "anonymous";
    actor.kind = "anonymous";
    return actor;
  }
  actor.id = "local";
  actor.kind = "user";
  actor.permissions = {"*"};
  return actor;
}

std::optional<Result<Actor>> TokenAuthenticator::from_memory(const api::Request& request) {
  const auto header = request.header("authorization");
  if (header.empty()) return without_credential();
  if (!header.starts_with(kBearer))
    return Result<Actor>(fail(Code::unauthenticated, "the Authorization header must be 'Bearer <token>'"));
  return tokens_.from_memory(header.substr(kBearer.size()));
}

Result<Actor> TokenAuthenticator::authenticate(const api::Request& request) {
  if (auto known = from_memory(request)) return std::move(*known);
  return tokens_.authenticate(request.header("authorization").substr(kBearer.size()));
}

}  // namespace tracseq::cli
