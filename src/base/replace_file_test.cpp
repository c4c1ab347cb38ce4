// SPDX-License-Identifier: MIT
#include "base/replace_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/id.h"

namespace tracseq {
namespace {

namespace fs = std::filesystem;

class ReplaceFile : public ::testing::Test {
 protected:
  ReplaceFile() { fs::create_directories(folder_); }
  ~ReplaceFile() override { fs::remove_all(folder_); }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  const fs::path folder_ = fs::temp_directory_path() / ("tracseq-replace-" + new_id());
};

TEST_F(ReplaceFile, TheFileIsItsOwnersAloneAndNothingElseIsLeft) {
  const fs::path file = folder_ / "key";
  ASSERT_TRUE(replace_file(file, "one"));
  ASSERT_TRUE(replace_file(file, "two"));
  EXPECT_EQ(read(file), "two");
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(ReplaceFile, ALinkIsReplacedNotFollowed) {
  std::ofstream(folder_ / "other") << "untouched";
  fs::create_symlink(folder_ / "other", folder_ / "key");
  ASSERT_TRUE(replace_file(folder_ / "key", "new"));
  EXPECT_EQ(read(folder_ / "other"), "untouched");
  EXPECT_FALSE(fs::is_symlink(folder_ / "key"));
}

TEST_F(ReplaceFile, WhatCannotBeWrittenIsNamedAndTheOldTextStays) {
  const auto failed = replace_file(folder_ / "missing" / "key", "x");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("missing/key"), std::string::npos);
}

}  // namespace
}  // namespace tracseq
