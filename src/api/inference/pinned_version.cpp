// SPDX-License-Identifier: MIT
#include "api/inference/pinned_version.h"

namespace tracseq::inference {
namespace {

// Asking again gives the same.
bool is_final(Code code) {
  return code == Code::not_found || code == Code::invalid || code == Code::forbidden ||
         code == Code::unauthenticated;
}

}  // namespace

Result<std::optional<std::vector<serving::WantedModel>>> PinnedVersion::production() {
  const std::string path = "/api/v1/models/" + api::percent_encode(model_id_) + "/versions/" +
                           api::percent_encode(version_) + "/served";
  TRACSEQ_TRY(api::Request request, api::make_request(api::Method::get, path));
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kRegistryTimeout));
  if (response.status != 200) {
    Error error = error_of(response);
    const Lock lock(mutex_);
    refused_ = is_final(error.code) ? std::optional(error) : std::nullopt;
    return fail(std::move(error));
  }
  if (found_) return std::optional<std::vector<serving::WantedModel>>{};
  TRACSEQ_TRY(serving::WantedModel wanted,
              from_json<serving::WantedModel>(response.body, UnknownFields::ignore));
  found_ = true;
  return std::optional(std::vector{std::move(wanted)});
}

Result<void> PinnedVersion::fetch(const serving::WantedFile& file, serving::ModelCache::Sink sink) {
  return remote_.fetch(file, sink);
}

std::optional<Error> PinnedVersion::refused() const {
  const Lock lock(mutex_);
  return refused_;
}

}  // namespace tracseq::inference
