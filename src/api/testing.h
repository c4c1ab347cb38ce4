// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "api/core.h"
#include "storage/sql/testing.h"

// For tests only: an open core on a fresh database of either kind, its artifacts beside it.
//
//   class RunRoutesTest : public testing::CoreTest {};
//   TRACSEQ_ON_BOTH_DATABASES(RunRoutesTest);
namespace tracseq::api::testing {

class CoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    CoreOptions options;
    options.database_url = fresh_.url();
    options.artifact_root = (fresh_.folder() / "root").string();
    auto core = Core::open(options);
    ASSERT_TRUE(core) << core.error().message << core.error().detail;
    core_ = std::move(*core);
  }

  const sql::testing::Fresh fresh_{GetParam()};
  std::unique_ptr<Core> core_;
};

}  // namespace tracseq::api::testing
