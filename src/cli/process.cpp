// SPDX-License-Identifier: MIT
#include "cli/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "api/settings.h"

namespace tracseq::cli {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* argv, char* const* variables, Child::Ties ties, int log, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ties == Child::Ties::outlives_parent) {
    setsid();
  } else {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(0);  // it ended before the tie was made
  }
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(log >= 0 ? log : STDERR_FILENO, STDOUT_FILENO);
  if (log >= 0) dup2(log, STDERR_FILENO);
  if (ties == Child::Ties::outlives_parent) close_range(3, ~0U, 0);
  execve("/proc/self/exe", argv, variables);
  _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<Child> Child::start_self(const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& variables, Ties ties,
                                const std::string& log_file) {
  int log = -1;
  if (!log_file.empty()) {
    log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
      return fail(Code::unavailable, fmt::format("{} cannot be written: {}", log_file, std::strerror(errno)));
  }
  std::vector<std::string> words{"tracseq"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto merged = api::process_variables();
  for (const auto& [name, value] : variables) merged[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : merged) environment.push_back(fmt::format("{}={}", name, value));
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), envp.data(), ties, log, parent);
  const int error = errno;
  if (log >= 0) close(log);
  if (pid < 0)
    return fail(Code::unavailable, fmt::format("no process could be started: {}", std::strerror(error)));
  return Child(pid);
}

bool Child::ended() {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return false;
  pid_ = -1;
  return true;
}

void Child::end(std::chrono::milliseconds grace) {
  if (ended()) return;
  kill(pid_, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + grace;
  while (!ended()) {
    if (std::chrono::steady_clock::now() >= until) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

void block_signals() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int wait_signal(std::chrono::milliseconds timeout) {
  const sigset_t set = ending_signals();
  const timespec wait{timeout.count() / 1000, static_cast<long>(timeout.count() % 1000) * 1'000'000};
  const int received = sigtimedwait(&set, nullptr, &wait);
  return received > 0 ? received : 0;
}

}  // namespace tracseq::cli
