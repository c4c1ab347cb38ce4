// SPDX-License-Identifier: MIT
#include "domain/deployment/local_target.h"

#include <fmt/core.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "domain/deployment/cgroup.h"
#include "domain/deployment/processes.h"

namespace tracseq::deployment {
namespace {

namespace fs = std::filesystem;

constexpr int kNice = 5;  // where no control group holds the CPU
constexpr std::size_t kReadyBytesMax = 64UL << 10;
constexpr std::streamoff kLastWordsBytes = 600;
constexpr const char* kReadyOption = "--ready-file";
constexpr const char* kMemoryLimit = "memory limit";

std::string start_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kReadyBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

bool is_living(const Started& started) {
  const auto start = start_of(static_cast<pid_t>(started.pid));
  return start && *start == started.process_start;
}

// The process that was given this ready file.
std::optional<Started> find_process(const std::string& ready_file) {
  for (const pid_t pid : all_processes()) {
    const auto words = arguments_of(pid);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != kReadyOption || words[i + 1] != ready_file) continue;
      if (const auto start = start_of(pid)) return Started{pid, *start, {}};
    }
  }
  return std::nullopt;
}

std::string in_words(const ProcessSpec& spec, const std::optional<Cgroup>& cgroup) {
  const std::string memory =
      spec.memory_bytes == 0
          ? "no memory limit"
          : fmt::format("memory {} MiB held by {}", spec.memory_bytes >> 20,
                        cgroup && cgroup->holds_memory ? "a control group" : "a watch on its resident size");
  const std::string cpu =
      spec.cpus == 0 ? "no CPU limit"
                     : fmt::format("CPU {:.3g} held by {}", spec.cpus,
                                   cgroup && cgroup->holds_cpu
                                       ? std::string("a control group")
                                       : fmt::format("{} thread(s) and niceness {}", spec.threads, kNice));
  return memory + ", " + cpu;
}

}  // namespace

LocalTarget::LocalTarget(Options options) : options_(std::move(options)) {
  std::error_code ignored;  // what cannot be made shows when a process is started
  fs::create_directories(options_.root, ignored);
  fs::permissions(options_.root, fs::perms::owner_all, ignored);
}

fs::path LocalTarget::ready_file(const ProcessSpec& spec) const {
  return options_.root / (spec.id + ".json");
}

std::string LocalTarget::log_of(const std::string& id) { return (options_.root / (id + ".log")).string(); }

std::vector<std::string> LocalTarget::arguments(const ProcessSpec& spec) const {
  const std::string ready = ready_file(spec).string();
  if (spec.role == ProcessRole::gateway)
    return {"tracseq", "model-server", "--role", "gateway", "--gateway-id", spec.id, kReadyOption, ready};
  return {"tracseq",         "model-server",
          "--role",          "replica",
          "--model",         spec.model_id,
          "--model-version", spec.model_version,
          "--host",          "127.0.0.1",
          "--port",          "0",
          "--threads",       std::to_string(spec.threads),
          "--health-path",   spec.health_check_path,
          kReadyOption,      ready};
}

Result<Started> LocalTarget::start(const ProcessSpec& spec) {
  const std::string ready = ready_file(spec).string();
  const bool replica = spec.role == ProcessRole::replica;
  if (auto found = find_process(ready)) {
    found->limits = in_words(spec, find_cgroup(spec.id));
    return std::move(*found);
  }
  std::error_code error;
  fs::remove(ready, error);  // of a process before
  std::optional<Cgroup> cgroup;
  if (options_.cgroups && replica) cgroup = make_cgroup(spec.id, spec.memory_bytes, spec.cpus);
  Launch wanted;
  wanted.program = options_.program;
  wanted.arguments = arguments(spec);
  wanted.variables = options_.variables;
  for (const auto& [name, value] : spec.variables) wanted.variables[name] = value;
  wanted.variables["MODEL_REGISTRY_URL"] = options_.registry_url;  // may hold a password: no argument
  wanted.folder = options_.root.string();
  wanted.log_file = log_of(spec.id);
  wanted.nice = replica && spec.cpus > 0 && !(cgroup && cgroup->holds_cpu) ? kNice : 0;
  if (cgroup) wanted.cgroups = cgroup->process_files();
  const auto pid = launch(wanted);
  if (!pid) {
    if (cgroup) remove(*cgroup);
    return fail(pid.error());
  }
  Started started{*pid, start_of(*pid).value_or(0), in_words(spec, cgroup)};
  return started;
}

// The end of its log, for people.
std::string LocalTarget::last_words(const std::string& id) const {
  std::ifstream in(options_.root / (id + ".log"), std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  const std::streamoff from = std::max<std::streamoff>(0, size - kLastWordsBytes);
  in.seekg(from);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

Observed LocalTarget::observe(const ProcessSpec& spec, const Started& started) {
  Observed seen;
  const auto document = parse_json(start_text(ready_file(spec)));
  const Json* state = document ? document->find("state") : nullptr;
  const bool failed = state != nullptr && state->string_or("") == "failed";
  if (failed) {
    seen.state = Observed::State::failed;
    const Json* reason = document->find("reason");
    seen.reason = reason != nullptr ? reason->string_or("it failed to start") : "it failed to start";
  }
  if (!is_living(started)) {
    seen.state = Observed::State::gone;
    if (failed) return seen;
    const Lock lock(mutex_);
    const auto ended = ended_for_.find(spec.id);
    const auto cgroup = find_cgroup(spec.id);
    if (ended != ended_for_.end()) {
      seen.reason = ended->second;
    } else if (cgroup && ran_out_of_memory(*cgroup)) {
      seen.reason = kMemoryLimit;
    } else {
      const std::string words = last_words(spec.id);
      seen.reason =
          fmt::format("its process {} ended{}", started.pid, words.empty() ? "" : "; its log ends: " + words);
    }
    return seen;
  }
  if (failed) return seen;
  if (const std::int64_t held = resident_bytes(static_cast<pid_t>(started.pid));
      spec.memory_bytes > 0 && held > spec.memory_bytes) {
    {
      const Lock lock(mutex_);
      ended_for_[spec.id] =
          fmt::format("{}: it held {} MiB of {} MiB", kMemoryLimit, held >> 20, spec.memory_bytes >> 20);
    }
    stop(started, How::kill);
    return seen;
  }
  if (state == nullptr || state->string_or("") != "ready") return seen;
  seen.state = Observed::State::ready;
  if (const Json* port = document->find("port")) seen.port = port->integer_or(0);
  return seen;
}

void LocalTarget::stop(const Started& started, How how) {
  if (started.pid <= 1 || !is_living(started)) return;
  ::kill(static_cast<pid_t>(started.pid), how == How::ask ? SIGTERM : SIGKILL);
}

void LocalTarget::forget(const ProcessSpec& spec) {
  std::error_code ignored;
  const std::string ready = ready_file(spec).string();
  fs::remove(ready, ignored);
  if (spec.role == ProcessRole::replica) fs::remove_all(ready + ".cache", ignored);
  if (const auto cgroup = find_cgroup(spec.id)) remove(*cgroup);
  const Lock lock(mutex_);
  ended_for_.erase(spec.id);
}

std::vector<Target::Found> LocalTarget::list() {
  std::vector<Found> found;
  const std::string prefix = (options_.root / "").string();
  for (const pid_t pid : all_processes()) {
    const auto words = arguments_of(pid);
    if (words.size() < 4 || words[1] != "model-server" || words[2] != "--role") continue;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != kReadyOption || !words[i + 1].starts_with(prefix)) continue;
      const auto start = start_of(pid);
      if (!start) break;
      found.push_back({words[3] == "gateway" ? ProcessRole::gateway : ProcessRole::replica,
                       fs::path(words[i + 1]).stem().string(),
                       {pid, *start, {}}});
    }
  }
  return found;
}

}  // namespace tracseq::deployment
