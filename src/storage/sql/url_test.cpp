// SPDX-License-Identifier: MIT
#include "storage/sql/url.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

TEST(Url, RelativePathsStandAgainstTheWorkingFolder) {
  const auto url = parse_url("sqlite:///data/../lab.db");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->sqlite_path, (std::filesystem::current_path() / "lab.db").string());
}

TEST(Url, FourSlashesAreAnAbsolutePath) {
  const auto url = parse_url("sqlite:////var/lib/lab.db");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->sqlite_path, "/var/lib/lab.db");
}

TEST(Url, ALinkStandsForItsFile) {
  const testing::TemporaryFolder folder;
  const auto real = std::filesystem::canonical(folder.path());
  std::filesystem::create_directories(real / "a" / "b");
  std::filesystem::create_directory_symlink("a/b", real / "ab");
  std::filesystem::create_symlink("ab/lab.db", real / "one.db");
  std::filesystem::create_symlink(real / "one.db", real / "two.db");
  const std::string file = (real / "a" / "b" / "lab.db").string();
  // The second round finds the file there.
  for (int round = 0; round < 2; ++round) {
    for (const char* name : {"one.db", "two.db", "ab/lab.db", "ab/../b/./lab.db", "a/b/lab.db"}) {
      const auto url = parse_url("sqlite:///" + (real / name).string());
      ASSERT_TRUE(url) << name << ": " << url.error().message;
      EXPECT_EQ(url->sqlite_path, file) << name;
    }
    ASSERT_TRUE(open_database("sqlite:///" + (real / "two.db").string()));
  }
  EXPECT_FALSE(std::filesystem::exists(real / "two.db.turn"));
  std::filesystem::create_symlink("round.db", real / "round.db");
  const auto circle = parse_url("sqlite:///" + (real / "round.db").string());
  ASSERT_FALSE(circle);
  EXPECT_EQ(circle.error().code, Code::unavailable);
  EXPECT_NE(circle.error().message.find("round.db"), std::string::npos) << circle.error().message;
  EXPECT_FALSE(parse_url("sqlite:///" + (real / "ab").string()));  // a folder
}

TEST(Url, RefusesWhatItDoesNotKnowAndSaysWhatIsAllowed) {
  for (const char* bad :
       {"", "lab.db", "mysql://u:secret@h/d", "sqlite://lab.db", "sqlite:///", "sqlite:////tmp/",
        "sqlite:///lab/.", "sqlite:///lab/..", "sqlite:///:memory:", "sqlite:///lab.db?mode=ro"}) {
    const auto url = parse_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().code, Code::invalid);
    EXPECT_EQ(url.error().field, "database_url");
    EXPECT_NE(url.error().message.find("sqlite:///relative.db"), std::string::npos);
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
  }
}

TEST(Url, HidesPasswords) {
  EXPECT_EQ(mask_password("postgresql://lab:se:cr@et@db:5432/lab"), "postgresql://lab:***@db:5432/lab");
  EXPECT_EQ(mask_password("postgresql://db/lab?user=a&password=secret&sslmode=require"),
            "postgresql://db/lab?user=a&password=***&sslmode=require");
  EXPECT_EQ(mask_password("postgresql://db/lab?sslpassword=secret"), "postgresql://db/lab?sslpassword=***");
  EXPECT_EQ(mask_password("postgresql://lab@db/lab"), "postgresql://lab@db/lab");
  EXPECT_EQ(mask_password("sqlite:///lab@x:y.db"), "sqlite:///lab@x:y.db");
}

TEST(OpenDatabase, MakesMissingFolders) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a" / "b" / "lab.db";
  const auto database = open_database("sqlite:///" + path.string());
  ASSERT_TRUE(database) << database.error().message;
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE((*database)->ping());
}

TEST(OpenDatabase, SaysWhichServerDoesNotAnswer) {
  testing::find_modules();
  // Port 1 of loopback: nobody listens there.
  const auto database =
      open_database("postgresql://lab:secret@127.0.0.1:1/lab", {.connect_timeout = std::chrono::seconds(2)});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, Code::unavailable);
  EXPECT_NE(database.error().message.find("lab:***@127.0.0.1:1"), std::string::npos)
      << database.error().message;
}

TEST(OpenDatabase, RefusesAFileThatIsNoDatabase) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "lab.db";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  const std::string text(4096, 'x');
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
  const auto database = open_database("sqlite:///" + path.string());
  ASSERT_FALSE(database);
  EXPECT_NE(database.error().message.find("no SQLite database"), std::string::npos)
      << database.error().message;
}

}  // namespace
}  // namespace tracseq::sql
