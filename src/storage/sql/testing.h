// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/id.h"
#include "storage/sql/database.h"

// For tests only: fresh, migrated databases of both kinds that leave nothing behind.
//
//   class RunsTest : public sql::testing::DatabaseTest {};
//   TRACSEQ_ON_BOTH_DATABASES(RunsTest);
//   TEST_P(RunsTest, StartsEmpty) { Runs runs{database()}; … }
namespace tracseq::sql::testing {

// A folder of its own below the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tracseq-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The PostgreSQL that the tests started (tools/services/with_postgres.sh); empty if there is none.
inline std::string postgres_server() {
  const char* url = std::getenv("TRACSEQ_TEST_POSTGRES_URL");
  return url != nullptr ? url : "";
}

// ctest says where the build put the modules; run by hand, they are in the folder `lib` somewhere above the
// test.
inline void find_modules() {
  std::error_code error;
  auto folder = std::filesystem::canonical("/proc/self/exe", error).parent_path();
  while (!error && folder != folder.parent_path() &&
         !std::filesystem::exists(folder / "lib/libtracseq_postgres.so"))
    folder = folder.parent_path();
  ::setenv("TRACSEQ_MODULE_DIR", (folder / "lib").c_str(), 0);
}

// A database of one kind ("sqlite", "postgres") that lives as long as this: a file in a folder of its own, or
// a schema of its own, dropped at the end. `url()` opens it again, from another process too.
class Fresh {
 public:
  explicit Fresh(const std::string& kind) {
    find_modules();
    if (kind == "sqlite") {
      url_ = "sqlite:///" + (folder_.path() / "test.db").string();
    } else {
      const std::string server = postgres_server();
      schema_ = "t_" + new_id();
      url_ =
          server + (server.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
    }
  }
  ~Fresh() {
    if (schema_.empty() || postgres_server().empty()) return;
    auto database = open_database(url_, {.connections = 1});
    if (!database) return;
    const std::string drop = "DROP SCHEMA " + schema_ + " CASCADE";
    (void)(*database)->write([&](Transaction& tx) { return tx.execute({"testing.drop", drop.c_str()}, {}); });
  }
  Fresh(const Fresh&) = delete;
  Fresh& operator=(const Fresh&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string schema_;
  std::string url_;
};

// Gives every test a fresh, migrated database of the parameter's kind.
class DatabaseTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(GetParam() == "sqlite" || !postgres_server().empty())
        << "TRACSEQ_TEST_POSTGRES_URL is not set: run the tests through tools/services/with_postgres.sh";
    auto opened = open_database(url());
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().detail;
    database_ = std::move(*opened);
  }
  void TearDown() override { database_.reset(); }

  [[nodiscard]] Database& database() { return *database_; }
  [[nodiscard]] const std::string& url() const { return fresh_.url(); }
  [[nodiscard]] std::filesystem::path folder() const { return fresh_.folder(); }
  [[nodiscard]] bool on_sqlite() const { return GetParam() == "sqlite"; }
  // Closes the database and opens it again.
  void reopen() {
    database_.reset();
    auto opened = open_database(url());
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().detail;
    database_ = std::move(*opened);
  }

 private:
  Fresh fresh_{GetParam()};
  std::unique_ptr<Database> database_;
};

inline auto databases() { return ::testing::Values(std::string("sqlite"), std::string("postgres")); }

}  // namespace tracseq::sql::testing

#define TRACSEQ_ON_BOTH_DATABASES(Suite)                                  \
  INSTANTIATE_TEST_SUITE_P(, Suite, ::tracseq::sql::testing::databases(), \
                           [](const auto& info) { return info.param; })
