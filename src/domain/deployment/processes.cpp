// SPDX-License-Identifier: MIT
#include "domain/deployment/processes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tracseq::deployment {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// What the new process needs, made before the fork: after it only calls that are safe there.
struct Prepared {
  const char* program;
  char* const* arguments;
  char* const* variables;
  const char* folder;
  int nice;
  int log;
  int told;  // a pipe: the pid, or what went wrong
  const std::vector<int>& cgroups;
};

[[noreturn]] void become(const Prepared& p) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  setsid();
  const pid_t child = fork();
  if (child != 0) {  // the parent of the new process ends at once: init takes the new one over
    if (child > 0 && write(p.told, &child, sizeof child) != sizeof child) _exit(1);
    _exit(child > 0 ? 0 : 1);
  }
  for (const int cgroup : p.cgroups)
    if (write(cgroup, "0", 1) != 1) _exit(126);
  if (p.nice != 0) (void)setpriority(PRIO_PROCESS, 0, p.nice);
  if (chdir(p.folder) != 0) _exit(126);
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(p.log, STDOUT_FILENO);
  dup2(p.log, STDERR_FILENO);
  close_range(3, ~0U, 0);
  execve(p.program, p.arguments, p.variables);
  _exit(127);
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void drop() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

}  // namespace

Result<pid_t> launch(const Launch& given) {
  const auto failed = [](const char* what) {
    return fail(Code::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
  };
  const Descriptor log(open(given.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log.get() < 0) return failed("the log cannot be written");
  std::array<int, 2> pipe_ends{-1, -1};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return failed("no pipe could be made");
  const Descriptor hears(pipe_ends[0]);
  Descriptor tells(pipe_ends[1]);
  std::vector<int> cgroups;
  for (const std::string& file : given.cgroups)
    if (const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC); fd >= 0) cgroups.push_back(fd);
  std::vector<std::string> arguments = given.arguments;
  std::vector<std::string> environment;
  for (const auto& [name, value] : given.variables) environment.push_back(fmt::format("{}={}", name, value));
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const Prepared prepared{given.program.c_str(), argv.data(), envp.data(),
                          given.folder.c_str(),  given.nice,  log.get(),
                          tells.get(),           cgroups};
  const pid_t between = fork();
  if (between == 0) become(prepared);
  const int error = errno;
  for (const int fd : cgroups) close(fd);
  errno = error;
  if (between < 0) return failed("no process could be started");
  tells.drop();
  pid_t pid = 0;
  const ssize_t got = read(hears.get(), &pid, sizeof pid);
  int status = 0;
  while (waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof pid) return fail(Code::unavailable, "no process could be started: the system refused it");
  return pid;
}

std::optional<std::int64_t> start_of(pid_t pid) {
  const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; fields >> field; ++number) {
    if (number == 3 && (field == "Z" || field == "X")) return std::nullopt;
    if (number == 22) return std::stoll(field);
  }
  return std::nullopt;
}

std::int64_t resident_bytes(pid_t pid) {
  std::istringstream fields(content_of(fmt::format("/proc/{}/statm", pid)));
  std::int64_t size = 0;
  std::int64_t resident = 0;
  if (!(fields >> size >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

std::vector<std::string> arguments_of(pid_t pid) {
  std::vector<std::string> words;
  std::istringstream in(content_of(fmt::format("/proc/{}/cmdline", pid)));
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  return words;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

}  // namespace tracseq::deployment
