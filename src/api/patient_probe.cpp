// SPDX-License-Identifier: MIT
#include "api/patient_probe.h"

#include <fmt/core.h>

namespace tracseq::api {

Result<void> PatientProbe::ask() {
  Lock lock(mutex_);
  if (!under_way_) {
    if (!thread_) thread_ = std::make_unique<ThreadPool>("probe", ThreadPoolSize{1, 1});
    TRACSEQ_CHECK(thread_->submit([this] { run(); }));
    under_way_ = true;
    asked_ = Steady::now();
  }
  const std::int64_t before = answers_;
  while (answers_ == before)
    if (answered_.wait_until(lock, asked_ + patience_) == std::cv_status::timeout && answers_ == before)
      return fail(Code::unavailable,
                  fmt::format("the database has not answered for {:.0f} s",
                              std::chrono::duration<double>(Steady::now() - asked_).count()));
  return found_;
}

void PatientProbe::run() {
  auto found = question_();
  {
    const Lock lock(mutex_);
    found_ = std::move(found);
    ++answers_;
    under_way_ = false;
  }
  answered_.notify_all();
}

}  // namespace tracseq::api
