// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/client.h"
#include "api/route.h"
#include "base/mutex.h"
#include "domain/deployment/traffic.h"

namespace tracseq::inference {

// A model with an active deployment in production is answered by its gateway, not by whoever is asked: sends
// such requests to the gateway's port on this machine and lets the others through. Follows the control
// plane's table; goes on with the last one when nobody answers. Lifecycle: outlives the routes it wrapped;
// `start`, then `stop` (or the destructor). Thread-safe.
class Forwarding {
 public:
  // A way to a server at that URL.
  using Connect = std::function<Result<std::unique_ptr<api::Client>>(const std::string& url)>;

  Forwarding(api::Client& registry, Connect connect,
             std::chrono::milliseconds interval = std::chrono::milliseconds{500})
      : registry_(registry), connect_(std::move(connect)), interval_(interval) {}
  ~Forwarding() { stop(); }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  void start();
  void stop();
  // One look at the table, as the thread does it.
  void look();

  // The same routes, but for models with a deployment; `model_parameter` is the path parameter that names the
  // model. A route without it is left as it is.
  std::vector<api::Route> wrap(std::vector<api::Route> routes, const std::string& model_parameter);

 private:
  struct Way {
    std::int64_t port = 0;
    std::shared_ptr<api::Client> client;
  };
  using Ways = std::map<std::string, Way, std::less<>>;  // by model
  [[nodiscard]] std::shared_ptr<api::Client> client_for(std::string_view model) const;
  static Result<api::Response> forward(api::Client& gateway, const CallContext& ctx, api::Request& request);
  void take(const deployment::TrafficTable& table);
  void run();

  api::Client& registry_;  // constant after construction
  const Connect connect_;
  const std::chrono::milliseconds interval_;
  std::string etag_;  // the thread's
  mutable Mutex mutex_;
  std::shared_ptr<const Ways> ways_ GUARDED_BY(mutex_) = std::make_shared<const Ways>();
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace tracseq::inference
