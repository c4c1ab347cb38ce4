// SPDX-License-Identifier: MIT
#include "domain/data/work_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/id.h"

namespace tracseq::data {
namespace {

namespace fs = std::filesystem;

class WorkFolderTest : public ::testing::Test {
 protected:
  ~WorkFolderTest() override { fs::remove_all(root_); }
  [[nodiscard]] std::ptrdiff_t entries() const { return std::distance(fs::directory_iterator(root_), {}); }
  const fs::path root_ = fs::temp_directory_path() / ("tracseq-work-" + new_id());
};

TEST_F(WorkFolderTest, WhatAKilledProcessLeftIsSweptAndWhatIsInUseStays) {
  fs::create_directories(root_);
  const pid_t child = fork();
  if (child == 0) {
    const auto folder = WorkFolder::make(root_.string());
    std::ofstream(folder->path() + "/spilled") << "much";
    raise(SIGKILL);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(entries(), 1);
  {
    const auto mine = WorkFolder::make(root_.string());
    ASSERT_TRUE(mine);
    fs::create_directories(root_ / "somebody-elses");
    EXPECT_EQ(WorkFolder::sweep(root_.string()), 0) << "too young";
    EXPECT_EQ(WorkFolder::sweep(root_.string(), std::chrono::seconds{0}), 1);
    EXPECT_TRUE(fs::exists(mine->path()));
    EXPECT_EQ(entries(), 2);
  }
  EXPECT_EQ(entries(), 1);
}

TEST_F(WorkFolderTest, ALinkIsNotFollowed) {
  fs::create_directories(root_ / "precious");
  fs::create_directory_symlink(root_ / "precious", root_ / "tracseq-data-link");
  EXPECT_EQ(WorkFolder::sweep(root_.string(), std::chrono::seconds{0}), 0);
  EXPECT_TRUE(fs::exists(root_ / "precious"));
}

}  // namespace
}  // namespace tracseq::data
