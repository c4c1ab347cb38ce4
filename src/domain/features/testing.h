// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "storage/sql/testing.h"
#include "storage/tables/table_engine.h"

// For tests only: tables read from files as a pipeline run reads them.
namespace tracseq::features::testing {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override { sql::testing::find_modules(); }

  // The file's rows, as one batch. Few rows only: a second batch is not read.
  std::vector<tables::ColumnBatch> load(const std::string& name, const std::string& content,
                                        const std::vector<tables::LoadColumn>& columns) {
    const auto path = (folder_.path() / name).string();
    std::ofstream(path, std::ios::binary) << content;
    const auto file = tables::inspect_file(path);
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    const auto engine = tables::table_engine();
    EXPECT_TRUE(engine);
    const auto table = (*engine)->load(*file, columns, folder_.path().string(), {}, {});
    EXPECT_TRUE(table) << (table ? "" : table.error().message + table.error().detail);
    auto reader = (*table)->open({});
    EXPECT_TRUE(reader);
    return {**(*reader)->next()};
  }

 private:
  sql::testing::TemporaryFolder folder_;
};

}  // namespace tracseq::features::testing
