// SPDX-License-Identifier: MIT
#include "cli/follow.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "cli/process.h"

namespace tracseq::cli {
namespace {

constexpr auto kWatch = std::chrono::milliseconds{300};
constexpr auto kWorkerGrace = std::chrono::seconds{10};

std::string text_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr ? value->string_or("") : "";
}

class Worker {
 public:
  explicit Worker(api::Core* core) {
    if (core == nullptr) return;
    runner_ = core->make_worker(1);
    runner_->start();
  }
  ~Worker() {
    if (runner_) runner_->stop(kWorkerGrace);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

 private:
  std::unique_ptr<jobs::JobRunner> runner_;
};

}  // namespace

Result<void> follow_job(const Invocation& in, Connection& connection, const std::string& job_id,
                        const std::string& cancel_path) {
  const Worker worker(connection.embedded());
  while (true) {
    TRACSEQ_TRY(const std::string body, connection.call(api::Method::get, "/api/v1/jobs/" + encode(job_id)));
    TRACSEQ_TRY(const Json job, parse_json(body, "the answer"));
    const std::string state = text_in(job, "state");
    if (state == "succeeded" || state == "failed" || state == "cancelled") {
      end_progress(in);
      if (state == "succeeded") return {};
      const std::string error = text_in(job, "error");
      return fail(Code::unprocessable,
                  fmt::format("it {}: {}", state == "failed" ? "failed" : "was cancelled",
                              error.empty() ? "no reason is known" : error));
    }
    const Json* progress = job.find("progress");
    const std::string message = text_in(job, "progress_message");
    show_progress(in, progress != nullptr ? progress->number_or(0) : 0,
                  state == "queued" ? "waiting for a worker" : message);
    if (wait_signal(kWatch) == 0) continue;
    end_progress(in);
    if (cancel_path.empty()) return fail(Code::cancelled, "not watched any longer; it goes on");
    TRACSEQ_CHECK(connection.call(api::Method::post, cancel_path, "{}"));
    return fail(Code::cancelled, "cancelled");
  }
}

}  // namespace tracseq::cli
