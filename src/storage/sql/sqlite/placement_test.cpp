// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/placement.h"

#include <gtest/gtest.h>

#include "storage/sql/testing.h"

namespace tracseq::sql::sqlite {
namespace {

TEST(Placement, KnowsNetworkFileSystemsByTheirMagicNumbers) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0xFF534D42), "CIFS");
  EXPECT_EQ(network_file_system(0xFE534D42), "SMB2");
  EXPECT_EQ(network_file_system(0x01021997), "9p");
  EXPECT_EQ(network_file_system(0x65735546), "FUSE");
  constexpr std::uint32_t kExt4 = 0xEF53;
  constexpr std::uint32_t kXfs = 0x58465342;
  constexpr std::uint32_t kBtrfs = 0x9123683E;
  constexpr std::uint32_t kTmpfs = 0x01021994;
  constexpr std::uint32_t kOverlay = 0x794C7630;
  for (const std::uint32_t local : {kExt4, kXfs, kBtrfs, kTmpfs, kOverlay})
    EXPECT_EQ(network_file_system(local), "");
}

TEST(Placement, TakesALocalFolderAndSaysWhatIsWrongWithAnother) {
  const testing::TemporaryFolder folder;
  EXPECT_TRUE(refuse_network_file_system((folder.path() / "lab.db").string()));
  const auto missing = refuse_network_file_system((folder.path() / "none" / "lab.db").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::unavailable);
}

TEST(Placement, FoldersThatCannotBeMadeAreNamed) {
  const testing::TemporaryFolder folder;
  const auto refused = make_folders("/proc/nothing/here/lab.db");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("/proc/nothing"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(make_folders((folder.path() / "a/b/c/lab.db").string()));
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a/b/c"));
}

}  // namespace
}  // namespace tracseq::sql::sqlite
