// SPDX-License-Identifier: MIT
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <unordered_set>

#include "base/log.h"
#include "server/proxy_core.h"

namespace tracseq::server {
namespace {

using gateway::Outcome;
using gateway::Replica;

// The replicas that are being asked, by serial; the worker's thread alone.
using UnderWay = std::shared_ptr<std::unordered_set<std::uint64_t>>;

struct Check {
  std::shared_ptr<ProxyCore> core;
  ProxyWorker& worker;
  std::shared_ptr<Replica> replica;
  std::string path;
  UnderWay under_way;
};

void note(const Replica& replica, bool was_usable, bool passed, const std::string& problem) {
  if (replica.health.usable() == was_usable) return;
  log::write(passed ? log::Level::info : log::Level::warning, "gateway.replica",
             {{"replica_id", replica.replica_id}, {"healthy", replica.health.usable()}, {"reason", problem}});
}

Awaitable<> check_one(std::shared_ptr<const Check> given) {
  const Check& check = *given;
  const std::string line = "GET " + check.path + " HTTP/1.1\r\n";
  Message answer;
  std::string problem;
  const Outgoing out{line, "Accept: */*\r\n\r\n", {}, false, true};
  const auto deadline = Steady::now() + check.core->options.limits.check_timeout;
  const Outcome outcome =
      co_await check.worker.upstreams.exchange(*check.replica, out, deadline, answer, problem);
  const bool passed = outcome == Outcome::answered && answer.status >= 200 && answer.status < 300;
  if (outcome == Outcome::answered && !passed)
    problem = "the check was answered with status " + std::to_string(answer.status);
  const bool was_usable = check.replica->health.usable();
  check.replica->health.checked(passed);
  note(*check.replica, was_usable, passed, passed ? std::string() : problem);
  check.under_way->erase(check.replica->serial);
}

}  // namespace

Awaitable<> check_replicas(std::shared_ptr<ProxyCore> core, ProxyWorker& worker) {
  const auto under_way = std::make_shared<std::unordered_set<std::uint64_t>>();
  Timer timer(worker.io);
  while (!core->draining.load(std::memory_order_relaxed)) {
    for (const auto& slot : core->table.slots()) {
      const auto route = slot->current();
      for (const gateway::LiveTarget& target : route->targets)
        for (const gateway::Seat& seat : target.seats)
          if (!seat.draining && under_way->insert(seat.replica->serial).second)
            asio::co_spawn(worker.io.get_executor(),
                           check_one(std::make_shared<const Check>(
                               Check{core, worker, seat.replica, route->health_path, under_way})),
                           asio::detached);
    }
    timer.expires_after(core->options.limits.check_every);
    co_await timer.async_wait(kProxyAwait);
  }
}

}  // namespace tracseq::server
