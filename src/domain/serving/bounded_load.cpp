// SPDX-License-Identifier: MIT
#include "domain/serving/bounded_load.h"

#include <fmt/core.h>

#include <condition_variable>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace tracseq::serving {

// Shared by the caller and the thread; whoever is last frees it.
struct BoundedLoader::Work {
  using Loaded = Result<std::shared_ptr<const LoadedModel>>;
  Engine& engine;
  const std::string format;
  const std::string digest;
  const std::string bytes;
  Mutex mutex{};
  std::condition_variable_any ended{};
  std::optional<Loaded> result GUARDED_BY(mutex){};

  void run() {
    Loaded loaded = engine.load({format, digest, bytes_of(bytes)});
    const Lock lock(mutex);
    result = std::move(loaded);
    ended.notify_all();
  }
  bool has_ended() {
    const Lock lock(mutex);
    return result.has_value();
  }
};

Result<std::shared_ptr<const LoadedModel>> BoundedLoader::load(Engine& engine, std::string format,
                                                               std::string digest, std::string bytes) {
  if (late_ && !late_->has_ended())
    return fail(Code::unavailable, "another model has not ended loading; restart the model server");
  late_.reset();
  const std::shared_ptr<Work> work(new Work{engine, std::move(format), std::move(digest), std::move(bytes)});
  std::thread([work] { work->run(); }).detach();
  Lock lock(work->mutex);
  const auto end = Steady::now() + limit_;
  while (!work->result && Steady::now() < end) work->ended.wait_until(lock, end);
  if (work->result) return std::move(*work->result);
  late_ = work;
  return fail(Code::deadline,
              fmt::format("the model did not load within {} s",
                          std::chrono::duration_cast<std::chrono::duration<double>>(limit_).count()));
}

}  // namespace tracseq::serving
