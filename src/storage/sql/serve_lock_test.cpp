// SPDX-License-Identifier: MIT
#include "storage/sql/serve_lock.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "storage/sql/processes.h"
#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

class ServeLockTest : public ::testing::Test {
 protected:
  const testing::TemporaryFolder folder_;
  const std::string url_ = "sqlite:///" + (folder_.path() / "lab.db").string();
};

TEST_F(ServeLockTest, ASecondServerIsToldWhoServes) {
  auto first = ServeLock::take(url_);
  ASSERT_TRUE(first) << first.error().message;
  const auto starting = ServeLock::take(url_);
  ASSERT_FALSE(starting);
  EXPECT_EQ(starting.error().code, Code::conflict);
  ASSERT_TRUE((*first)->announce(8123));
  const auto second = ServeLock::take(url_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  EXPECT_NE(second.error().message.find("8123"), std::string::npos) << second.error().message;
  const auto holder = ServeLock::holder(url_);
  ASSERT_TRUE(holder && *holder);
  EXPECT_EQ((*holder)->port, 8123);
  first->reset();
  EXPECT_FALSE(*ServeLock::holder(url_));
  EXPECT_TRUE(ServeLock::take(url_));
}

TEST_F(ServeLockTest, AKilledServerLeavesNoLock) {
  testing::Children children;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = children.start([&] {
    const auto lock = ServeLock::take(url_);
    const char answer = lock ? 'y' : 'n';
    (void)!::write(ready[1], &answer, 1);
    ::pause();
    return 0;
  });
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(ServeLock::take(url_));
  ::kill(pid, SIGKILL);
  EXPECT_EQ(children.wait_all(), std::vector<int>{-SIGKILL});
  EXPECT_TRUE(ServeLock::take(url_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(ServeLockTest, ASymbolicLinkLeadsToTheLockOfTheFileItself) {
  // Made before the file: also the first server may come through the link.
  std::filesystem::create_symlink("lab.db", folder_.path() / "alias.db");
  std::filesystem::create_directory(folder_.path() / "real");
  std::filesystem::create_directory_symlink(folder_.path() / "real", folder_.path() / "linked");
  std::filesystem::create_symlink("linked/../lab.db", folder_.path() / "around.db");
  const std::string folder = "sqlite:///" + folder_.path().string();
  const auto first = ServeLock::take(folder + "/alias.db");
  ASSERT_TRUE(first) << first.error().message;
  for (const char* name : {"/lab.db", "/alias.db", "/around.db", "/real/../lab.db"}) {
    const auto second = ServeLock::take(folder + name);
    ASSERT_FALSE(second) << name;
    EXPECT_EQ(second.error().code, Code::conflict) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "lab.db.serve"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "alias.db.serve"));
  EXPECT_TRUE(ServeLock::take(folder + "/linked/lab.db"));  // another file
}

TEST_F(ServeLockTest, AFileWithASecondNameIsRefusedByBoth) {
  {
    ASSERT_TRUE(open_database(url_));
  }
  const auto other = folder_.path() / "other.db";
  std::filesystem::create_hard_link(folder_.path() / "lab.db", other);
  for (const std::string& url : {url_, "sqlite:///" + other.string()}) {
    for (const Error& error : {ServeLock::take(url).error(), open_database(url).error()}) {
      EXPECT_EQ(error.code, Code::unsupported);
      EXPECT_NE(error.message.find(url.substr(10)), std::string::npos) << error.message;
      EXPECT_NE(error.message.find("2 names"), std::string::npos) << error.message;
    }
  }
  std::filesystem::remove(other);
  EXPECT_TRUE(ServeLock::take(url_));
  EXPECT_TRUE(open_database(url_));
}

TEST_F(ServeLockTest, PostgresMayHaveManyServers) {
  const auto first = ServeLock::take("postgresql://db/lab");
  const auto second = ServeLock::take("postgresql://db/lab");
  EXPECT_TRUE(first && second);
}

}  // namespace
}  // namespace tracseq::sql
