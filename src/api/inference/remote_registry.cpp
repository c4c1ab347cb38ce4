// SPDX-License-Identifier: MIT
#include "api/inference/remote_registry.h"

#include <fmt/core.h>

#include <array>

namespace tracseq::inference {

TRACSEQ_DEFINE_TYPE(FollowedModels, {.name = "items", .text = "One version per model", .required = true})

namespace {

constexpr std::size_t kReadBytes = 256UL << 10;

}  // namespace

std::string header_of(const api::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key.size() == name.size() &&
        std::equal(key.begin(), key.end(), name.begin(),
                   [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }))
      return value;
  return {};
}

Error error_of(const api::Response& response) {
  Error error{
      Code::unavailable, fmt::format("the registry answered with status {}", response.status), {}, {}};
  const auto document = parse_json(response.body);
  const Json* body = document ? document->find("error") : nullptr;
  if (body == nullptr || !body->is_object()) return error;
  if (const Json* code = body->find("code")) error.code = code_from_name(code->string_or("internal"));
  if (const Json* message = body->find("message")) error.message = message->string_or(error.message);
  return error;
}

Result<std::optional<std::vector<serving::WantedModel>>> RemoteRegistry::production() {
  TRACSEQ_TRY(api::Request request, api::make_request(api::Method::get, "/api/v1/production-models"));
  if (!etag_.empty()) request.headers["if-none-match"] = etag_;
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kRegistryTimeout));
  if (response.status == 304) return std::optional<std::vector<serving::WantedModel>>{};
  if (response.status != 200) return fail(error_of(response));
  TRACSEQ_TRY(FollowedModels models, from_json<FollowedModels>(response.body, UnknownFields::ignore));
  etag_ = header_of(response, "etag");
  return std::optional(std::move(models.items));
}

Result<void> RemoteRegistry::fetch(const serving::WantedFile& file, serving::ModelCache::Sink sink) {
  TRACSEQ_TRY(api::Request request,
              api::make_request(api::Method::get, "/api/v1/artifacts/" + file.artifact_id + "/content"));
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kDownloadTimeout));
  if (response.status != 200) return fail(error_of(response));
  if (!response.stream) return sink(bytes_of(response.body));
  std::vector<std::byte> buffer(kReadBytes);
  for (;;) {
    TRACSEQ_TRY(const std::size_t count, response.stream->read(buffer));
    if (count == 0) return {};
    TRACSEQ_CHECK(sink(ByteView(buffer).first(count)));
  }
}

}  // namespace tracseq::inference
