// SPDX-License-Identifier: MIT
#include "python/embedded.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/client.h"

namespace tracseq::python {
namespace {

constexpr unsigned kPoolThreads = 4;
constexpr std::size_t kPoolQueueMax = 4'096;
constexpr std::size_t kCopyBytes = 256UL << 10;

Steady::time_point deadline_of(const Call& call) {
  return call.timeout_ms > 0 ? Steady::now() + std::chrono::milliseconds(call.timeout_ms)
                             : Steady::time_point::max();
}

Answer answer_of(const Error& error) {
  const api::Response response = api::error_response(error, "");
  return {response.status, response.body, response.headers};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// A caller's own file as a body.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  Result<std::uint64_t> size() const {
    struct stat info{};
    if (fd_.get() < 0 || ::fstat(fd_.get(), &info) != 0)
      return fail(Code::invalid, fmt::format("{} cannot be read: {}", path_, std::strerror(errno)));
    if (!S_ISREG(info.st_mode)) return fail(Code::invalid, fmt::format("{} is not a regular file", path_));
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    for (;;) {
      const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR)
        return fail(Code::invalid, fmt::format("{} cannot be read: {}", path_, std::strerror(errno)));
    }
  }

 private:
  const std::string path_;
  FileDescriptor fd_;
};

Result<void> write_all(int fd, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0)
      return fail(errno == ENOSPC ? Code::storage_full : Code::unavailable,
                  fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<void> copy_to_file(ByteSource& source, const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0)
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  std::vector<std::byte> buffer(kCopyBytes);
  for (;;) {
    TRACSEQ_TRY(const std::size_t got, source.read(buffer));
    if (got == 0) return {};
    TRACSEQ_CHECK(write_all(file.get(), path, std::span(buffer).first(got)));
  }
}

Result<Answer> take(api::Response response, const std::string& sink_path) {
  Answer answer{response.status, std::move(response.body), std::move(response.headers)};
  answer.headers.emplace_back("content-type", response.content_type);
  if (!sink_path.empty() && response.status < 300) {
    TextSource text(std::move(answer.body));
    TRACSEQ_CHECK(copy_to_file(response.stream ? *response.stream : text, sink_path));
    answer.body.clear();
  } else if (response.stream) {
    TRACSEQ_TRY(answer.body, read_all(*response.stream, kAnswerBytesMax));
  }
  return answer;
}

Result<api::Request> request_of(const Call& call) {
  const auto method = api::method_from(call.method);
  if (!method) return fail(Code::invalid, fmt::format("'{}' is no method", call.method));
  TRACSEQ_TRY(api::Request request, api::make_request(*method, call.target, call.body));
  for (const auto& [name, value] : call.headers) request.headers[name] = value;
  return request;
}

}  // namespace

Result<std::unique_ptr<Embedded>> Embedded::open(const api::CoreOptions& options) {
  TRACSEQ_TRY(auto core, api::Core::open(options));
  return std::unique_ptr<Embedded>(new Embedded(std::move(core)));
}

Embedded::~Embedded() {
  // Whoever drops the last reference has no call under way, so this does not wait for one.
  close(std::chrono::hours{1});
}

bool Embedded::enter() {
  const Lock lock(mutex_);
  if (closing_) return false;
  ++under_way_;
  return true;
}

void Embedded::leave() {
  const Lock lock(mutex_);
  if (--under_way_ == 0) idle_.notify_all();
}

ThreadPool& Embedded::pool() {
  if (!pool_) pool_ = std::make_unique<ThreadPool>("python", ThreadPoolSize{kPoolThreads, kPoolQueueMax});
  return *pool_;
}

Answer Embedded::call(const Call& call) {
  if (!enter()) return answer_of({Code::unavailable, "the core has been closed", {}, {}});
  Answer answer = run(call, deadline_of(call), nullptr);
  leave();
  return answer;
}

Answer Embedded::run(const Call& call, Steady::time_point deadline, const Flag& cancelled) {
  auto request = request_of(call);
  if (!request) return answer_of(request.error());
  std::optional<FileSource> file;
  if (!call.source_path.empty()) {
    const auto size = file.emplace(call.source_path).size();
    if (!size) return answer_of(size.error());
    request->stream = &*file;
    request->content_length = *size;
  }
  CallContext ctx = api::embedded_context();
  ctx.cancelled = cancelled;
  ctx.deadline = deadline;
  auto answer = take(core_->router().dispatch(ctx, *request), call.sink_path);
  return answer ? std::move(*answer) : answer_of(answer.error());
}

std::uint64_t Embedded::submit(Call call, Done done) {
  if (!enter()) {
    done(answer_of({Code::unavailable, "the core has been closed", {}, {}}));
    return 0;
  }
  const Steady::time_point deadline = deadline_of(call);  // the wait for a thread is part of its time
  auto request = request_of(call);
  const api::Router::Match match = request ? core_->router().match(*request) : api::Router::Match{};
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  if (!request || match.route == nullptr || match.route->runs == api::RunsOn::immediate) {
    Answer answer = run(call, deadline, flag);
    finish(0, done, std::move(answer));
    return 0;
  }
  std::uint64_t number = 0;
  ThreadPool* pool_in_use = nullptr;
  {
    const Lock lock(mutex_);
    number = next_++;
    submitted_[number] = flag;
    pool_in_use = &pool();
  }
  const auto queued = pool_in_use->submit([this, number, flag, deadline, call = std::move(call), done] {
    finish(number, done, run(call, deadline, flag));
  });
  if (!queued) finish(number, done, answer_of(queued.error()));
  return number;
}

void Embedded::finish(std::uint64_t number, const Done& done, Answer answer) {
  done(std::move(answer));
  {
    const Lock lock(mutex_);
    submitted_.erase(number);
  }
  leave();
}

void Embedded::cancel(std::uint64_t number) {
  const Lock lock(mutex_);
  if (const auto found = submitted_.find(number); found != submitted_.end()) found->second->store(true);
}

bool Embedded::close(std::chrono::milliseconds patience) {
  std::unique_ptr<ThreadPool> pool;
  {
    Lock lock(mutex_);
    closing_ = true;
    const auto until = Steady::now() + patience;
    while (under_way_ > 0)
      if (idle_.wait_until(lock, until) == std::cv_status::timeout && under_way_ > 0) return false;
    pool = std::move(pool_);
  }
  if (pool) pool->stop();
  core_.reset();
  return true;
}

}  // namespace tracseq::python
