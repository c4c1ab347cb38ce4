// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/group.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr Statement kBegin{"sqlite.begin_write", "BEGIN IMMEDIATE"};
constexpr Statement kCommit{"sqlite.commit", "COMMIT"};
constexpr Statement kRollback{"sqlite.rollback", "ROLLBACK"};
constexpr Statement kSavepoint{"sqlite.savepoint", "SAVEPOINT member"};
constexpr Statement kRelease{"sqlite.release", "RELEASE member"};
constexpr Statement kRollbackTo{"sqlite.rollback_to", "ROLLBACK TO member"};

}  // namespace

Group::~Group() { roll_back(); }

Result<void> Group::begin() {
  if (begun_) return {};
  const auto begun = connection_.execute(kBegin, {});
  refused_ = !begun;
  if (!begun) return fail(begun.error());
  begun_ = true;
  return {};
}

void Group::roll_back() noexcept {
  if (begun_ && connection_.in_transaction()) (void)connection_.execute(kRollback, {});
  begun_ = false;
  members_ = 0;
  hooks_.clear();
}

Group::Outcome Group::call(Function function) {
  try {
    return {function(*this), nullptr};
  } catch (...) {
    return {fail(Code::internal, "a transaction's function threw"), std::current_exception()};
  }
}

Group::Outcome Group::run(Function function) {
  if (auto begun = begin(); !begun) return {std::move(begun), nullptr};
  if (members_ == 0) {
    Outcome outcome = call(function);
    if (outcome.result) {
      ++members_;
    } else if (!lost()) {
      roll_back();
    }
    return outcome;
  }
  if (auto marked = connection_.execute(kSavepoint, {}); !marked)
    return {fail(std::move(marked).error()), nullptr};
  Outcome outcome = call(function);
  if (lost()) return outcome;
  if (!outcome.result) (void)connection_.execute(kRollbackTo, {});
  if (auto released = connection_.execute(kRelease, {}); !released && outcome.result)
    outcome.result = fail(std::move(released).error());
  if (outcome.result) ++members_;
  return outcome;
}

Result<void> Group::commit() {
  if (members_ == 0) return {};
  if (lost()) return fail(Code::unavailable, "the write was given up together with another one; try again");
  // By index: a hook may make another.
  for (std::size_t i = 0; i < hooks_.size(); ++i)
    if (auto done = hooks_[i].second->before_commit(*this); !done) {
      roll_back();
      return done;
    }
  auto committed = connection_.execute(kCommit, {});
  if (!committed) {
    Error error = std::move(committed).error();
    roll_back();
    return fail(std::move(error));
  }
  begun_ = false;
  members_ = 0;
  hooks_.clear();
  return {};
}

CommitHook& Group::hook(const void* key, FunctionRef<std::unique_ptr<CommitHook>()> make) {
  for (const auto& [made_for, hook] : hooks_)
    if (made_for == key) return *hook;
  return *hooks_.emplace_back(key, make()).second;
}

}  // namespace tracseq::sql::sqlite
