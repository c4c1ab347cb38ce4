// SPDX-License-Identifier: MIT
// tracseq serve, worker, ps, stop
#include <fmt/core.h>
#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_server.h"
#include "cli/output.h"
#include "cli/running.h"
#include "cli/serve.h"
#include "cli/worker.h"

namespace tracseq::cli {
namespace {

constexpr auto kStopWait = std::chrono::seconds{40};  // a server drains up to 30

Result<void> list_processes(const Invocation& in) {
  Json items = Json::array();
  for (const Running& one : find_running())
    items.push_back(Json::object()
                        .set("pid", static_cast<std::int64_t>(one.pid))
                        .set("what", one.what)
                        .set("database", one.database));
  print_list(in, dump_json(Json::object().set("items", items)),
             {{"PID", "pid"}, {"WHAT", "what"}, {"DATABASE", "database"}}, "nothing is running");
  return {};
}

// Asks these to end and waits until they are gone.
Result<void> end_all(const std::vector<Running>& stopping) {
  for (const Running& one : stopping) kill(one.pid, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + kStopWait;
  // Looked up anew each time: a process that has ended but was not reaped yet still takes signals.
  const auto some_live = [&] {
    const auto running = find_running();
    return std::any_of(stopping.begin(), stopping.end(), [&](const Running& one) {
      return std::any_of(running.begin(), running.end(), [&](const Running& r) { return r.pid == one.pid; });
    });
  };
  while (some_live()) {
    if (std::chrono::steady_clock::now() > until)
      return fail(Code::deadline, "some did not end in time; `tracseq ps` lists them");
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return {};
}

// Model servers first: ending, they deliver predictions to the servers, which then drain and end the workers
// they started; the workers of their own; last what these looked after, which they would start again:
// gateways, then the replicas behind them.
Result<void> stop_processes(const Invocation& in) {
  if (!in.has("all") && !in.has("pid"))
    return fail_field("all", "name what to stop: --all, or --pid N (`tracseq ps` lists them)");
  TRACSEQ_TRY(const std::int64_t wanted, in.integer("pid", 0, 1, 1L << 22));
  std::size_t ended = 0;
  for (const char* what : {"model-server", "serve", "worker", "gateway", "replica"}) {
    std::vector<Running> stopping;
    for (Running& one : find_running())
      if (one.what == what && (in.has("all") || one.pid == wanted)) stopping.push_back(std::move(one));
    TRACSEQ_CHECK(end_all(stopping));
    for (const Running& one : stopping) say(in, fmt::format("{} {} ended", one.what, one.pid));
    ended += stopping.size();
  }
  if (ended == 0 && in.has("pid"))
    return fail(Code::not_found, fmt::format("no tracseq process has the pid {}", wanted));
  if (ended == 0) say(in, "nothing was running");
  return {};
}

}  // namespace

std::vector<Command> service_commands() {
  return {
      {"serve", "", "Start the server: API, page, and a worker", {}, serve_options(), serve, true},
      {"model-server",
       "",
       "Answer predictions for the models in production",
       {},
       model_server_options(),
       model_server,
       true},
      {"worker", "", "Run jobs of a database", {}, worker_options(), work, true},
      {"ps", "", "List the tracseq processes that run", {}, {}, list_processes},
      {"stop",
       "",
       "End what runs: model servers, servers, workers, then gateways and replicas",
       {},
       {{"all", "", "Everything `tracseq ps` lists", Takes::nothing}, {"pid", "N", "Only this one"}},
       stop_processes},
  };
}

}  // namespace tracseq::cli
