// SPDX-License-Identifier: MIT
// tracseq serve, worker, ps, stop
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_server.h"
#include "cli/output.h"
#include "cli/process.h"
#include "cli/serve.h"
#include "cli/worker.h"

namespace tracseq::cli {
namespace {

constexpr auto kStopWait = std::chrono::seconds{40};  // a server drains up to 30

struct Running {
  pid_t pid = 0;
  std::string what;  // serve, worker, model-server
  std::string database;
};

std::vector<std::string> command_line(const std::filesystem::path& folder) {
  std::ifstream in(folder / "cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  return words;
}

std::string option_of(const std::vector<std::string>& words, std::string_view name) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == name) return words[i + 1];
  return {};
}

// Processes of this program that serve or work, as this user may see them.
std::vector<Running> find_running() {
  std::vector<Running> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    const auto exe = std::filesystem::read_symlink(entry.path() / "exe", error);
    if (error || exe.filename().string().rfind("tracseq", 0) != 0) continue;
    const auto words = command_line(entry.path());
    if (words.size() < 2 || (words[1] != "serve" && words[1] != "worker" && words[1] != "model-server"))
      continue;
    std::string database = option_of(words, "--database-url");
    if (database.empty()) database = option_of(words, "--registry-url");
    found.push_back({static_cast<pid_t>(std::stol(name)), words[1], database});
  }
  return found;
}

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

Result<void> stop_processes(const Invocation& in) {
  if (!in.has("all") && !in.has("pid"))
    return fail_field("all", "name what to stop: --all, or --pid N (`tracseq ps` lists them)");
  TRACSEQ_TRY(const std::int64_t wanted, in.integer("pid", 0, 1, 1L << 22));
  std::vector<Running> stopping;
  for (const Running& one : find_running())
    if (in.has("all") || one.pid == wanted) stopping.push_back(one);
  if (stopping.empty() && in.has("pid"))
    return fail(Code::not_found, fmt::format("no tracseq process has the pid {}", wanted));
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
  say(in, fmt::format("{} ended", stopping.size()));
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
       "End what runs, in order",
       {},
       {{"all", "", "Everything `tracseq ps` lists", Takes::nothing}, {"pid", "N", "Only this one"}},
       stop_processes},
  };
}

}  // namespace tracseq::cli
