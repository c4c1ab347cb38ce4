// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/fork.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace tracseq::sql::sqlite {
namespace {

constexpr auto kRestMax = std::chrono::seconds(5);

// Never destroyed: a fork may come while the program ends.
struct Registry {
  std::mutex mutex;                                    // held across the fork
  std::vector<std::pair<ForkGuarded*, bool>> guarded;  // and whether it rests

  static Registry& get() {
    static auto* registry = [] {
      pthread_atfork(&before, &in_parent, &in_child);
      return new Registry;
    }();
    return *registry;
  }
  static void before() {
    Registry& registry = get();
    registry.mutex.lock();
    const auto until = Steady::now() + kRestMax;
    for (auto& [object, rests] : registry.guarded) rests = object->rest(until);
  }
  static void in_parent() {
    for (auto& [object, rests] : get().guarded)
      if (std::exchange(rests, false)) object->go_on_in_parent();
    get().mutex.unlock();
  }
  static void in_child() {
    for (auto& [object, rests] : get().guarded) {
      if (std::exchange(rests, false)) {
        object->go_on_in_child();
      } else {
        object->abandon_in_child();
      }
    }
    get().mutex.unlock();
  }
};

}  // namespace

ForkGuarded::ForkGuarded() {
  Registry& registry = Registry::get();
  const std::lock_guard lock(registry.mutex);
  registry.guarded.emplace_back(this, false);
}

void ForkGuarded::unguard() {
  Registry& registry = Registry::get();
  const std::lock_guard lock(registry.mutex);
  std::erase_if(registry.guarded, [&](const auto& entry) { return entry.first == this; });
}

}  // namespace tracseq::sql::sqlite
