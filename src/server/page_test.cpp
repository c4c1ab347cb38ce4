// SPDX-License-Identifier: MIT
#include "server/page.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tracseq::server {
namespace {

// A folder instead of the embedded files, so that the test knows what is in it.
class PageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / "tracseq-page-test";
    std::filesystem::create_directories(folder_ / "assets");
    std::ofstream(folder_ / "index.html") << "index";
    std::ofstream(folder_ / "assets" / "app.js") << "script";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The body, or "nothing".
  std::string get(std::string_view path) const {
    const auto answer = Page(folder_.string()).get(path, {}, true);
    return answer ? answer->body : "nothing";
  }

  std::filesystem::path folder_;
};

TEST_F(PageTest, PathsOfThePageAnswerTheIndex) {
  for (const char* path : {"/", "/dashboard", "/runs/1", "/models/resnet-1.0", "/dashboard/models/a.b"})
    EXPECT_EQ(get(path), "index") << path;
}

TEST_F(PageTest, FilesAnswerThemselvesAndMissingOnesNothing) {
  EXPECT_EQ(get("/assets/app.js"), "script");
  EXPECT_EQ(get("/assets/gone"), "nothing");
  EXPECT_EQ(get("/favicon.ico"), "nothing");
}

TEST_F(PageTest, ApiPathsAreNotThePage) {
  for (const char* path : {"/api", "/api/v1/none", "/v2/models", "/docs/api"})
    EXPECT_EQ(get(path), "nothing") << path;
}

}  // namespace
}  // namespace tracseq::server
