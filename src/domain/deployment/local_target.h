// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/mutex.h"
#include "domain/deployment/target.h"

namespace tracseq::deployment {

// Processes of this machine: `tracseq model-server --role …`, nobody's children, that outlive this program
// and are found again by their ready file's path among their arguments. Limits: memory and CPU by a control
// group where one may be written; else memory by looking at what the process holds (at every `observe`), CPU
// by the number of threads and a nicer priority. Thread-safe.
class LocalTarget final : public Target {
 public:
  struct Options {
    std::filesystem::path root;  // ready files and logs of this database; made
    std::string program = "/proc/self/exe";
    std::string registry_url;  // a database, absolute, or a server: what the processes load from
    std::map<std::string, std::string> variables;  // of this program, which theirs go over
    bool cgroups = true;
  };
  explicit LocalTarget(Options options);

  Result<Started> start(const ProcessSpec& spec) override;
  Observed observe(const ProcessSpec& spec, const Started& started) override;
  void stop(const Started& started, How how) override;
  void forget(const ProcessSpec& spec) override;
  std::vector<Found> list() override;
  std::string log_of(const std::string& id) override;

 private:
  [[nodiscard]] std::filesystem::path ready_file(const ProcessSpec& spec) const;
  [[nodiscard]] std::vector<std::string> arguments(const ProcessSpec& spec) const;
  [[nodiscard]] std::string last_words(const std::string& id) const;

  const Options options_;
  Mutex mutex_;
  std::map<std::string, std::string> ended_for_ GUARDED_BY(mutex_);  // id -> why this program ended it
};

}  // namespace tracseq::deployment
