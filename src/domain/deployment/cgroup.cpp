// SPDX-License-Identifier: MIT
#include "domain/deployment/cgroup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tracseq::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPeriodUs = 100'000;

// Folders this program's own groups have, by controller ("memory", "cpu"); "" is version 2's one.
struct Place {
  std::string controller;
  fs::path folder;
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream in(list);
  for (std::string one; std::getline(in, one, ',');)
    if (one == word) return true;
  return false;
}

// /proc/self/cgroup: "5:memory:/a/b" or "0::/a/b". Seen from inside a container the path may not be there:
// then the mount's own folder is what may be used.
std::vector<Place> own_places(const fs::path& root) {
  std::vector<Place> places;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1).substr(1);
    const auto add = [&](const std::string& controller, const fs::path& mount) {
      std::error_code error;
      const fs::path own = mount / path;
      if (fs::is_directory(own, error)) {
        places.push_back({controller, own});
      } else if (fs::is_directory(mount, error)) {
        places.push_back({controller, mount});
      }
    };
    const fs::path mounts = root / "sys/fs/cgroup";
    if (controllers.empty()) add("", mounts);
    for (const char* controller : {"memory", "cpu"})
      if (has_word(controllers, controller)) add(controller, mounts / controller);
  }
  return places;
}

bool put(const fs::path& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

std::string cpu_quota(double cpus) {
  return std::to_string(std::max<std::int64_t>(1'000, std::llround(cpus * static_cast<double>(kPeriodUs))));
}

std::string name_of(const std::string& id) { return "tracseq-" + id; }

std::int64_t value_in(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key + " ")) return std::stoll(line.substr(key.size() + 1));
  return 0;
}

}  // namespace

std::vector<std::string> Cgroup::process_files() const {
  std::vector<std::string> files;
  for (const std::string& folder : folders) files.push_back(folder + "/cgroup.procs");
  return files;
}

std::optional<Cgroup> make_cgroup(const std::string& id, std::int64_t memory_bytes, double cpus,
                                  const std::string& root) {
  Cgroup made;
  for (const Place& place : own_places(root)) {
    const fs::path folder = place.folder / name_of(id);
    std::error_code error;
    fs::create_directory(folder, error);
    if (error || ::access((folder / "cgroup.procs").c_str(), W_OK) != 0) {
      fs::remove(folder, error);
      continue;
    }
    bool memory = false;
    bool cpu = false;
    if (place.controller.empty()) {
      memory = memory_bytes > 0 && put(folder / "memory.max", std::to_string(memory_bytes));
      if (memory) (void)put(folder / "memory.swap.max", "0");
      cpu = cpus > 0 && put(folder / "cpu.max", fmt::format("{} {}", cpu_quota(cpus), kPeriodUs));
    } else if (place.controller == "memory") {
      memory = memory_bytes > 0 && put(folder / "memory.limit_in_bytes", std::to_string(memory_bytes));
    } else {
      cpu = cpus > 0 && put(folder / "cpu.cfs_period_us", std::to_string(kPeriodUs)) &&
            put(folder / "cpu.cfs_quota_us", cpu_quota(cpus));
    }
    if (!memory && !cpu) {
      fs::remove(folder, error);
      continue;
    }
    made.holds_memory = made.holds_memory || memory;
    made.holds_cpu = made.holds_cpu || cpu;
    made.folders.push_back(folder.string());
  }
  if (made.folders.empty()) return std::nullopt;
  return made;
}

std::optional<Cgroup> find_cgroup(const std::string& id, const std::string& root) {
  Cgroup found;
  std::error_code error;
  for (const Place& place : own_places(root)) {
    const fs::path folder = place.folder / name_of(id);
    if (!fs::is_directory(folder, error)) continue;
    found.folders.push_back(folder.string());
    found.holds_memory = found.holds_memory || place.controller != "cpu";
    found.holds_cpu = found.holds_cpu || place.controller != "memory";
  }
  if (found.folders.empty()) return std::nullopt;
  return found;
}

bool ran_out_of_memory(const Cgroup& cgroup) {
  return std::any_of(cgroup.folders.begin(), cgroup.folders.end(), [](const std::string& folder) {
    return value_in(fs::path(folder) / "memory.events", "oom_kill") > 0 ||
           value_in(fs::path(folder) / "memory.oom_control", "oom_kill") > 0;
  });
}

void remove(const Cgroup& cgroup) {
  for (const std::string& folder : cgroup.folders) ::rmdir(folder.c_str());
}

}  // namespace tracseq::deployment
