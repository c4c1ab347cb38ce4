// SPDX-License-Identifier: MIT
#include "api/system_routes.h"

#include <memory>
#include <mutex>

namespace tracseq::api {

enum class Purpose { read, write };
TRACSEQ_DESCRIBE_ENUM(Purpose, read, write)
TRACSEQ_DEFINE_ENUM(Purpose)

// `for` is a word of C++, so the field has another name here than on the wire.
struct ReadyQuery {
  Purpose purpose = Purpose::write;
};
BOOST_DESCRIBE_STRUCT(ReadyQuery, (), (purpose))
const TypeInfo& tracseq_type_info(const ReadyQuery*) {
  static const TypeInfo info = [] {
    TypeInfo made = ::tracseq::detail::make_object<ReadyQuery>(
        "ReadyQuery", {{.name = "purpose", .text = "What the caller wants to do."}});
    made.fields[0].name = made.fields[0].doc.name = "for";
    return made;
  }();
  return info;
}

struct Status {
  std::string status;
};
TRACSEQ_DESCRIBE(Status, (status))
TRACSEQ_DEFINE_TYPE(Status)

struct Condition {
  std::string status;  // "ok", "degraded" (reads only), "unavailable", "draining"
  std::string version;
  std::string read;  // "ok" or why not
  std::string write;
};
TRACSEQ_DESCRIBE(Condition, (status, version, read, write))
TRACSEQ_DEFINE_TYPE(Condition)

struct Version {
  std::string version;
  std::string api = "v1";
};
TRACSEQ_DESCRIBE(Version, (version, api))
TRACSEQ_DEFINE_TYPE(Version)

namespace {

Result<void> ask(const std::function<Result<void>()>& question) {
  return question ? question() : Result<void>{};
}

Condition condition_of(const Health& health, const std::string& version) {
  const auto read = ask(health.can_read);
  const auto write = read ? ask(health.can_write) : read;  // what cannot be read is not waited for again
  Condition out;
  out.version = version;
  out.read = read ? "ok" : read.error().message;
  out.write = write ? "ok" : write.error().message;
  out.status = !read ? "unavailable" : write ? "ok" : "degraded";
  if (health.draining && health.draining()) out.status = "draining";
  return out;
}

Result<Status> readiness(const Health& health, Purpose purpose) {
  if (health.draining && health.draining()) return fail(Code::unavailable, "the server is stopping");
  TRACSEQ_CHECK(ask(purpose == Purpose::read ? health.can_read : health.can_write));
  return Status{"ready"};
}

// A text made from the complete route table, once.
class Document {
 public:
  explicit Document(std::function<std::string()> make) : make_(std::move(make)) {}
  const std::string& text() {
    std::call_once(once_, [this] { text_ = make_(); });
    return text_;
  }

 private:
  std::function<std::string()> make_;
  std::once_flag once_;
  std::string text_;
};

Route text_route(std::string path, std::string permission, std::string summary, std::string produces,
                 std::function<std::string()> text) {
  return stream_route(
      Method::get, std::move(path), std::move(permission), Effect::reads, std::move(summary), produces,
      [produces, text = std::move(text)](const CallContext&, const Empty&, Request&) -> Result<Response> {
        Response response;
        response.content_type = produces;
        response.body = text();
        return response;
      });
}

}  // namespace

Route openapi_route(const Router& router, std::string version) {
  auto document = std::make_shared<Document>(
      [&router, version = std::move(version)] { return openapi_document(router, version); });
  return text_route("/openapi.json", "public", "This API as an OpenAPI 3.1 document", "application/json",
                    [document] { return document->text(); });
}

std::vector<Route> system_routes(const Router& router, std::string version, Health health,
                                 metrics::Registry& metrics) {
  auto reference = std::make_shared<Document>(
      [&router, version] { return reference_page(openapi_document(router, version)); });
  RouteOptions immediate;
  immediate.runs = RunsOn::immediate;
  RouteOptions probe;
  probe.runs = RunsOn::probe;
  using enum Method;
  using enum Effect;
  std::vector<Route> routes;
  routes.push_back(route(
      get, "/livez", "public", reads, "Whether the process answers",
      [](const CallContext&, const Empty&) -> Result<Status> { return Status{"alive"}; }, immediate));
  routes.push_back(route(
      get, "/readyz", "public", reads, "Whether calls may be sent here; 503 says why not",
      [health](const CallContext&, const ReadyQuery& in) { return readiness(health, in.purpose); }, probe));
  routes.push_back(route(
      get, "/health", "public", reads, "The server's condition in words",
      [health, version](const CallContext&, const Empty&) -> Result<Condition> {
        return condition_of(health, version);
      },
      probe));
  routes.push_back(route(
      get, "/version", "public", reads, "The program's version",
      [version](const CallContext&, const Empty&) -> Result<Version> { return Version{version, "v1"}; },
      immediate));
  routes.push_back(text_route("/metrics", "system:read", "Counters and gauges in Prometheus' text format",
                              "text/plain; version=0.0.4; charset=utf-8",
                              [&metrics] { return metrics.text(); }));
  routes.push_back(openapi_route(router, version));
  routes.push_back(text_route("/docs/api", "public", "This API for reading", "text/html; charset=utf-8",
                              [reference] { return reference->text(); }));
  routes.push_back(text_route("/docs/api.css", "public", "The style of /docs/api", "text/css; charset=utf-8",
                              [] { return std::string(reference_style()); }));
  return routes;
}

}  // namespace tracseq::api
