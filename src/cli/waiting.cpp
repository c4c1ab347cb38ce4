// SPDX-License-Identifier: MIT
#include "cli/waiting.h"

#include <fmt/core.h>

namespace tracseq::cli {

struct AnyPath {
  std::string rest;
};
TRACSEQ_DESCRIBE(AnyPath, (rest))
TRACSEQ_DEFINE_TYPE(AnyPath)

namespace {

api::Route plain(api::Method method, std::string path, std::string summary, api::Handler handler) {
  api::Route route;
  route.method = method;
  // Whatever a call brings, it is not looked at.
  if (method != api::Method::get) route.body = api::BodyKind::bytes;
  route.path = std::move(path);
  route.permission = "public";
  route.effect = api::Effect::reads;
  route.summary = std::move(summary);
  route.input = &type_info<AnyPath>();
  route.runs = api::RunsOn::immediate;
  route.handler = std::move(handler);
  return route;
}

}  // namespace

WaitingRoutes::WaitingRoutes() {
  const auto refuse = [this](const CallContext&, api::Request&) { return this->refuse(); };
  router_.add(plain(api::Method::get, "/livez", "Whether the process lives",
                    [](const CallContext&, api::Request&) -> Result<api::Response> {
                      return api::Response::json(R"({"status":"alive"})");
                    }));
  router_.add(plain(api::Method::get, "/readyz", "Whether it can serve, and why not", refuse));
  router_.add(plain(api::Method::get, "/health", "Whether it can serve, and why not", refuse));
  for (const api::Method method :
       {api::Method::get, api::Method::post, api::Method::put, api::Method::patch, api::Method::del})
    router_.add(plain(method, "/{rest...}", "Nothing else is served yet", refuse));
}

void WaitingRoutes::say(std::string reason) {
  const Lock lock(mutex_);
  reason_ = std::move(reason);
}

Result<api::Response> WaitingRoutes::refuse() {
  const Lock lock(mutex_);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - since_).count();
  return fail(Code::unavailable,
              reason_.empty() ? fmt::format("waiting for the database: it has not answered for {} s", seconds)
                              : "waiting for the database: " + reason_);
}

}  // namespace tracseq::cli
