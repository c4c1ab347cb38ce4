// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tracseq::deployment {

// A control group of its own for one process, below the one this program is in, with limits the kernel holds:
// version 1 or 2, whichever there is and may be written. Removed by `remove`, once the process is gone.
struct Cgroup {
  std::vector<std::string> folders;  // version 1: one per controller
  bool holds_memory = false;
  bool holds_cpu = false;
  // Where a process writes itself to join.
  [[nodiscard]] std::vector<std::string> process_files() const;
};

// Nothing where none can be made. `root` is "/" but in tests.
std::optional<Cgroup> make_cgroup(const std::string& id, std::int64_t memory_bytes, double cpus,
                                  const std::string& root = "/");
// The one of that id that was made before, perhaps by another program.
std::optional<Cgroup> find_cgroup(const std::string& id, const std::string& root = "/");
// Whether the kernel has ended a process of it for want of memory.
bool ran_out_of_memory(const Cgroup& cgroup);
void remove(const Cgroup& cgroup);

}  // namespace tracseq::deployment
