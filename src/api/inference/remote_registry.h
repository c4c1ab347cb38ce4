// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "domain/serving/follower.h"

namespace tracseq::inference {

inline constexpr std::chrono::milliseconds kRegistryTimeout{5'000};
inline constexpr std::chrono::milliseconds kDownloadTimeout{120'000};

// GET /api/v1/production-models
struct FollowedModels {
  std::vector<serving::WantedModel> items;
};
TRACSEQ_DESCRIBE(FollowedModels, (items))

// The registry behind its routes, in this process or on a server. Used by the follower's thread; the client
// outlives it.
class RemoteRegistry final : public serving::RegistrySource {
 public:
  explicit RemoteRegistry(api::Client& client) : client_(client) {}
  Result<std::optional<std::vector<serving::WantedModel>>> production() override;
  Result<void> fetch(const serving::WantedFile& file, serving::ModelCache::Sink sink) override;

 private:
  api::Client& client_;
  std::string etag_;  // of the last list
};

// The error a response of another status than 2xx carries; `unavailable` for what is no error of ours (a
// proxy's page).
Error error_of(const api::Response& response);
// A header of a response; empty if it has none of that name.
std::string header_of(const api::Response& response, std::string_view lower_case_name);

}  // namespace tracseq::inference
