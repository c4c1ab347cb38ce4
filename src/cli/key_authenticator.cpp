// SPDX-License-Identifier: MIT
#include "cli/key_authenticator.h"

#include <fmt/core.h>

#include "base/crypto.h"
#include "base/log.h"
#include "cli/exposure.h"

namespace tracseq::cli {
namespace {

constexpr std::string_view kBearer = "Bearer ";
Actor actor(std::string id, std::string kind) {
  Actor made;
  made.id = std::move(id);
  made.kind = std::move(kind);
  return made;
}

}  // namespace

KeyAuthenticator::KeyAuthenticator(CallerKey key)
    : key_(std::move(key)),
      caller_(actor(key_.required ? "key" : "local", "service")),
      anonymous_(actor("anonymous", "anonymous")) {
  caller_.permissions = {"models:predict"};
  if (key_.required) caller_.auth_method = "key";
}

std::optional<Result<Actor>> KeyAuthenticator::from_memory(const api::Request& request) {
  if (!key_.required) return caller_;
  if (key_.key.empty())
    return Result<Actor>(fail(Code::unauthenticated,
                              "this model server is reachable by others and has no key for its "
                              "callers: start it with MLOPS_API_KEY"));
  const std::string_view header = request.header("authorization");
  if (header.empty()) return anonymous_;
  if (!header.starts_with(kBearer) || !equal_constant_time(header.substr(kBearer.size()), key_.key))
    return Result<Actor>(
        fail(Code::unauthenticated, "the Authorization header must be 'Bearer <MLOPS_API_KEY>'"));
  return caller_;
}

Result<Actor> KeyAuthenticator::authenticate(const api::Request& request) { return *from_memory(request); }

Result<CallerKey> caller_key(const std::string& auth, bool loopback, std::string given) {
  if (auth != "auto" && auth != "on" && auth != "off")
    return fail_field("auth", fmt::format("--auth is '{}'; it must be auto, on or off", auth));
  if (auth == "off" && !loopback)
    return fail_field("auth",
                      "--auth off is refused where others could reach the server: --host is not loopback");
  CallerKey key;
  key.required = auth == "on" || !loopback;
  if (!key.required) return key;
  key.key = std::move(given);
  if (key.key.empty()) {
    log::warning("model_server.no_key",
                 {{"effect", "predictions are refused"}, {"remedy", "set MLOPS_API_KEY"}});
  } else if (is_weak_key(key.key)) {
    return fail_field(
        "MLOPS_API_KEY",
        fmt::format("MLOPS_API_KEY is printed in the guide or shorter than {} characters; choose a "
                    "random one before others can reach the server",
                    kKeyBytesMin));
  }
  return key;
}

}  // namespace tracseq::cli
