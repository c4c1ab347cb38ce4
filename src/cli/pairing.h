// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "cli/registry_client.h"

namespace tracseq::cli {

// Gets a model server that has no credential let in by its registry: whenever the registry refuses it, shows
// a code on standard output and waits until an administrator has entered it (or it expires: then the next one
// is shown), keeps the token it is given in a file readable by its user alone, and uses it. A token that is
// revoked later leads to the next code. Lifecycle: what it refers to outlives it; `start`, then `stop` (or
// the destructor). Thread-safe.
class Pairing {
 public:
  // `refused`: whether the registry wants a credential it has not got.
  Pairing(RegistryClient& registry, std::function<bool()> refused, std::filesystem::path key_file);
  ~Pairing() { stop(); }
  Pairing(const Pairing&) = delete;
  Pairing& operator=(const Pairing&) = delete;

  // The token kept in the file; empty if there is none.
  static std::string kept(const std::filesystem::path& key_file);

  void start();
  void stop();
  // What it waits for, in words; empty if nothing.
  [[nodiscard]] std::string reason() const;

 private:
  struct Open {  // a pairing that waits
    std::string pairing_id;
    std::string secret;
  };
  void run();
  Result<Open> begin();
  Result<bool> claim(const Open& open);
  void say(std::string reason);
  bool pause(std::chrono::milliseconds time);

  RegistryClient& registry_;
  const std::function<bool()> refused_;
  const std::filesystem::path key_file_;
  mutable Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::string reason_ GUARDED_BY(mutex_);
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace tracseq::cli
