// SPDX-License-Identifier: MIT
#include "storage/artifacts/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tracseq::artifacts {
namespace {

using namespace std::string_literals;

TEST(ArtifactPath, AcceptsPlainNames) {
  for (const std::string& path :
       {"model.pkl"s, "plots/roc curve.png"s, "a/b/c/d.txt"s, "größe/übersicht.csv"s, "100%.png"s,
        "50%_of/it"s, ".hidden/x"s, "name with #?&=+"s, "実験/結果.json"s, "a:b"s, std::string(250, 'x'),
        "x/" + std::string(250, 'y')}) {
    EXPECT_TRUE(check_artifact_path("path", path)) << path;
    EXPECT_TRUE(check_artifact_prefix("prefix", path)) << path;
    EXPECT_TRUE(check_artifact_prefix("prefix", path + "/")) << path;
  }
  EXPECT_TRUE(check_artifact_prefix("prefix", ""));
}

// Every way out of the folder, spelled out and encoded one to three times, at every depth.
std::vector<std::string> tricks() {
  std::vector<std::string> steps = {
      "..",     "../..",           "..\\..", "..;", "....",           "..%2f",    "..%5c",
      "%2e%2e", "%252e%252e%252f", "..%00",  ".",   "%25252e%25252e", "..%c0%af", "\xC0\xAE\xC0\xAE",
      "..\0"s,  "..\r\n"};
  std::vector<std::string> all = {"",
                                  "/",
                                  "//",
                                  "/etc/passwd",
                                  "//etc",
                                  "file:/etc/passwd",
                                  "file:///etc",
                                  "FILE:/x",
                                  "C:/x",
                                  "C:\\x",
                                  "mlflow-artifacts:/x",
                                  "a\\b",
                                  "a//b",
                                  "a/",
                                  "\\\\host\\share",
                                  "~/x\0"s,
                                  "x\x01y",
                                  "x\x7f",
                                  "x\xC2\x85",
                                  "x\xff",
                                  "\xED\xA0\x80",
                                  std::string(251, 'x'),
                                  std::string(1001, 'x'),
                                  "name\n"};
  for (const std::string& step : steps)
    for (const std::string& around :
         {"@"s, "@/etc/passwd"s, "a/@/b"s, "a/b/@"s, "/@"s, "@/@/@/@/etc/shadow"s}) {
      std::string path = around;
      for (std::size_t at = path.find('@'); at != std::string::npos; at = path.find('@', at + step.size()))
        path.replace(at, 1, step);
      all.push_back(path);
    }
  return all;
}

TEST(ArtifactPath, RefusesEveryTrickNamingTheField) {
  for (const std::string& path : tricks()) {
    const auto checked = check_artifact_path("path", path);
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().code, Code::invalid);
    EXPECT_EQ(checked.error().field, "path");
    for (const char c : checked.error().message)
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << "unprintable in an error: " << path;
  }
}

TEST(ArtifactPath, NothingIsServedThatABrowserRuns) {
  EXPECT_EQ(safe_content_type("a/b.html"), "text/plain; charset=utf-8");
  EXPECT_EQ(safe_content_type("a/b.SVG"), "text/plain; charset=utf-8");
  EXPECT_EQ(safe_content_type("a/b.xml"), "text/plain; charset=utf-8");
  EXPECT_EQ(safe_content_type("a/b.xhtml"), "application/octet-stream");
  EXPECT_EQ(safe_content_type("model.pkl"), "application/octet-stream");
  EXPECT_EQ(safe_content_type("plot.png"), "image/png");
  EXPECT_EQ(safe_content_type("no_extension"), "application/octet-stream");
  EXPECT_EQ(safe_content_type("model/MLmodel"), "text/plain; charset=utf-8");
}

TEST(ArtifactPath, FileNameIsTheLastSegment) {
  EXPECT_EQ(file_name("a/b/c.txt"), "c.txt");
  EXPECT_EQ(file_name("c.txt"), "c.txt");
}

}  // namespace
}  // namespace tracseq::artifacts
