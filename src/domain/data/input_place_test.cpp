// SPDX-License-Identifier: MIT
#include "domain/data/input_place.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/sql/testing.h"
#include "storage/tables/table_engine.h"

namespace tracseq::data {
namespace {

namespace fs = std::filesystem;

TEST(InputPlace, ReadsWhatLayThereWhenItWasOpened) {
  const sql::testing::TemporaryFolder folder;
  const auto root = folder.path() / "root";
  fs::create_directories(root / "day");
  std::ofstream(root / "day" / "a.csv") << "a\n1\n";
  std::ofstream(folder.path() / "secret.csv") << "a\nsecret\n";
  const auto place = InputPlace::open(root.string(), "day/a.csv");
  ASSERT_TRUE(place) << place.error().message;
  const auto expected = tables::inspect_file((root / "day" / "a.csv").string());
  // A link in its place is not followed: neither by what is open nor by whoever opens it now.
  fs::remove(root / "day" / "a.csv");
  fs::create_symlink(folder.path() / "secret.csv", root / "day" / "a.csv");
  const auto file = tables::inspect_file(place->path(), {}, "day/a.csv");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->digest, expected->digest);
  EXPECT_EQ(file->format, tables::FileFormat::csv);
  EXPECT_TRUE(check_digest(*file, expected->digest));
  EXPECT_TRUE(check_digest(*file, ""));
  EXPECT_EQ(check_digest(*file, std::string(64, '0')).error().code, Code::conflict);
  EXPECT_EQ(InputPlace::open(root.string(), "day/a.csv").error().code, Code::not_found);
  EXPECT_EQ(InputPlace::open(root.string(), "../secret.csv").error().code, Code::not_found);
  EXPECT_EQ(InputPlace::open(root.string(), "none.csv").error().code, Code::not_found);
}

// DuckDB reads through the descriptor, too.
TEST(InputPlace, CanBeLoaded) {
  sql::testing::find_modules();
  const sql::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "a.csv") << "a,b\n1,x\n2,y\n";
  const auto place = InputPlace::open(folder.path().string(), "a.csv");
  ASSERT_TRUE(place);
  const auto file = tables::inspect_file(place->path(), {}, "a.csv");
  ASSERT_TRUE(file);
  fs::remove(folder.path() / "a.csv");
  fs::create_directories(folder.path() / "work");
  const auto engine = tables::table_engine();
  ASSERT_TRUE(engine);
  const auto table = (*engine)->load(*file, {{"a", tables::ColumnType::int64, false}},
                                     (folder.path() / "work").string(), {}, {});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  EXPECT_EQ((*table)->rows(), 2);
}

}  // namespace
}  // namespace tracseq::data
