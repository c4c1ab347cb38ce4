// SPDX-License-Identifier: MIT
#include "cli/pairing.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <optional>

#include "base/crypto.h"
#include "base/log.h"
#include "base/replace_file.h"
#include "domain/security/pairings.h"

namespace tracseq::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds{500};   // whether the registry refuses
constexpr auto kAsk = std::chrono::milliseconds{2'000};  // whether the code was entered
constexpr auto kAfterFailure = std::chrono::seconds{10};
constexpr auto kSettling = std::chrono::seconds{3};  // until the new token was tried
constexpr auto kCallMax = std::chrono::seconds{5};   // so that ending waits no longer
constexpr std::size_t kTokenBytesMax = 4096;

std::string host_name() {
  std::array<char, 256> host{};
  return gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "a machine without a name";
}

}  // namespace

Pairing::Pairing(RegistryClient& registry, std::function<bool()> refused, std::filesystem::path key_file)
    : registry_(registry), refused_(std::move(refused)), key_file_(std::move(key_file)) {}

std::string Pairing::kept(const std::filesystem::path& key_file) {
  std::ifstream in(key_file);
  std::string token;
  if (!std::getline(in, token) || token.size() > kTokenBytesMax) return {};
  return token;
}

void Pairing::start() {
  thread_ = std::thread([this] { run(); });
}

void Pairing::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string Pairing::reason() const {
  const Lock lock(mutex_);
  return reason_;
}

void Pairing::say(std::string reason) {
  const Lock lock(mutex_);
  reason_ = std::move(reason);
}

// False once it is to stop.
bool Pairing::pause(std::chrono::milliseconds time) {
  Lock lock(mutex_);
  if (!stopping_) wake_.wait_for(lock, time);
  return !stopping_;
}

Result<Pairing::Open> Pairing::begin() {
  std::array<std::byte, 32> random{};
  random_bytes(random);
  const std::string secret = hex(random);
  const security::StartPairing request{fmt::format("model server on {}", host_name()),
                                       sha256_hex(bytes_of(secret))};
  TRACSEQ_TRY(const std::string body,
              registry_.call(api::Method::post, "/api/v1/pairings", to_json(request), kCallMax));
  TRACSEQ_TRY(const auto started, from_json<security::StartedPairing>(body, UnknownFields::ignore));
  say(fmt::format("it waits to be paired: an administrator of the registry enters `tracseq token pair {}`",
                  started.code));
  fmt::print(
      "pairing code {}: the registry wants a credential; an administrator enters `tracseq token pair {}` "
      "within {} minutes\n",
      started.code, started.code, security::kPairingLife.count());
  std::fflush(stdout);
  return Open{started.pairing_id, secret};
}

Result<bool> Pairing::claim(const Open& open) {
  const Json body = Json::object().set("secret", open.secret);
  TRACSEQ_TRY(const std::string answer,
              registry_.call(api::Method::post, "/api/v1/pairings/" + open.pairing_id + "/claim",
                             dump_json(body), kCallMax));
  TRACSEQ_TRY(const auto claimed, from_json<security::ClaimedPairing>(answer, UnknownFields::ignore));
  if (claimed.state != security::PairingState::paired) return false;
  // A token that could not be kept is used all the same; the next start asks again.
  if (const auto kept = replace_file(key_file_, claimed.token + "\n"); !kept)
    log::warning("pairing.token_not_kept", {{"message", kept.error().message}});
  TRACSEQ_CHECK(registry_.use_token(claimed.token));
  log::info("pairing.paired", {{"token_id", claimed.token_id}});
  return true;
}

void Pairing::run() {
  std::optional<Open> open;
  bool warned = false;
  while (pause(open ? kAsk : kLook)) {
    if (!open && !refused_()) {
      say({});
      continue;
    }
    Result<void> done;
    if (!open) {
      auto begun = begin();
      if (begun)
        open = std::move(*begun);
      else
        done = fail(std::move(begun).error());
    } else if (const auto paired = claim(*open); !paired) {
      if (paired.error().code != Code::not_found) done = fail(paired.error());
      if (paired.error().code == Code::not_found) open.reset();  // expired: the next code
    } else if (*paired) {
      open.reset();
      say({});
      if (!pause(kSettling)) return;
    }
    if (!done && !warned) log::warning("pairing.failed", {{"message", done.error().message}});
    warned = !done;
    if (!done && !pause(kAfterFailure)) return;
  }
}

}  // namespace tracseq::cli
