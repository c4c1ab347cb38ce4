// SPDX-License-Identifier: MIT
#include "domain/features/output_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "storage/sql/testing.h"

namespace tracseq::features {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(OutputFiles, SayWhenTheDiskIsFull) {
  const auto full = write_synced("/dev/full", "a fitted transformation");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::storage_full);
  EXPECT_NE(full.error().message.find("/dev/full"), std::string::npos) << full.error().message;
}

TEST(OutputFiles, AppearWholeUnderTheirName) {
  const sql::testing::TemporaryFolder folder;
  const auto part = folder.path() / ".run.part";
  const auto run = folder.path() / "run";
  fs::create_directories(part);
  fs::create_directories(run);  // of an attempt before
  std::ofstream(run / "stale") << "old";
  ASSERT_TRUE(write_synced((part / "a.json").string(), "{}"));
  const auto published = publish_folder(part.string(), run.string());
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(content_of(run / "a.json"), "{}");
  EXPECT_FALSE(fs::exists(run / "stale"));
  EXPECT_FALSE(fs::exists(part));
  EXPECT_EQ(publish_folder(part.string(), run.string()).error().code, Code::unavailable);
  EXPECT_FALSE(write_synced((folder.path() / "none" / "a.json").string(), "{}"));
  EXPECT_FALSE(sync_path((folder.path() / "none").string()));
  EXPECT_FALSE(move_file((folder.path() / "none").string(), (run / "b").string()));
}

}  // namespace
}  // namespace tracseq::features
