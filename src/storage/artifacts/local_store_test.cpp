// SPDX-License-Identifier: MIT
#include "storage/artifacts/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"
#include "base/id.h"
#include "storage/artifacts/verified_source.h"

namespace tracseq::artifacts {
namespace {

namespace fs = std::filesystem;

// Bytes made on the fly, so that a test can store more than it holds.
class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(std::uint64_t size) : left_(size) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), left_);
    for (std::size_t i = 0; i < count; ++i) buffer[i] = static_cast<std::byte>((left_ - i) * 31U);
    left_ -= count;
    return count;
  }

 private:
  std::uint64_t left_;
};

// Fails after some bytes, as a client that went away.
class BrokenSource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (++calls_ > 2) return fail(Code::cancelled, "the client went away");
    return buffer.size();
  }

 private:
  int calls_ = 0;
};

class LocalStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tracseq-store-" + new_id());
    store_ = open_store();
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<LocalStore> open_store() {
    auto store = LocalStore::open(folder_.string(), Missing::make);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  Location put(const std::string& text) {
    TextSource source(text);
    auto staged = store_->stage(ctx_, source, {});
    EXPECT_TRUE(staged);
    EXPECT_TRUE((*staged)->publish());
    return (*staged)->location();
  }
  Result<std::string> get(const Location& location, std::optional<ByteRange> range = {}) {
    TRACSEQ_TRY(auto source, store_->open(location, range));
    return read_all(*source, 64UL << 20);
  }
  fs::path file(const Location& location) { return *store_->local_path(location); }
  std::size_t files_below(const fs::path& path) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  fs::path folder_;
  std::unique_ptr<LocalStore> store_;
  CallContext ctx_;
};

TEST_F(LocalStoreTest, WhatIsPutIsReadBack) {
  for (const std::size_t size :
       {0UL, 1UL, 4095UL, kCopyBytes - 1, kCopyBytes, kCopyBytes + 1, 3 * kCopyBytes}) {
    const std::string text(size, static_cast<char>('a' + size % 7));
    const Location location = put(text);
    EXPECT_EQ(location.digest, sha256_hex(bytes_of(text)));
    EXPECT_EQ(location.size_bytes, size);
    const auto back = get(location);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, text);
  }
  EXPECT_EQ(files_below(folder_ / "tmp"), 0U);
}

TEST_F(LocalStoreTest, ContentIsInvisibleUntilPublishedAndGoneIfDropped) {
  TextSource source("draft");
  Location location;
  {
    auto staged = store_->stage(ctx_, source, {});
    ASSERT_TRUE(staged);
    location = (*staged)->location();
    EXPECT_FALSE(*store_->contains(location));
    EXPECT_EQ(files_below(folder_ / "tmp"), 1U);
  }
  EXPECT_EQ(files_below(folder_), 0U);
}

TEST_F(LocalStoreTest, RangesGiveTheirBytes) {
  const Location location = put("0123456789");
  EXPECT_EQ(*get(location, ByteRange{3, 4}), "3456");
  EXPECT_EQ(*get(location, ByteRange{0, 10}), "0123456789");
  EXPECT_EQ(*get(location, ByteRange{10, 0}), "");
  for (const ByteRange range : {ByteRange{11, 0}, ByteRange{5, 6}, ByteRange{~0ULL, 2}}) {
    const auto refused = get(location, range);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid);
  }
}

TEST_F(LocalStoreTest, AChangedContentIsNeverHandedOutWhole) {
  for (const std::size_t size : {10UL, kCopyBytes, 3 * kCopyBytes + 5}) {
    const Location location = put(std::string(size, 'x'));
    {
      std::fstream damage(file(location), std::ios::in | std::ios::out | std::ios::binary);
      damage.seekp(static_cast<std::streamoff>(size / 2));
      damage.put('y');
    }
    const auto whole = get(location);
    ASSERT_FALSE(whole);
    EXPECT_TRUE(is_corrupt(whole.error()));
    const auto range = get(location, ByteRange{0, 5});
    ASSERT_FALSE(range);
    EXPECT_TRUE(is_corrupt(range.error()));
    put(std::string(size, 'x'));  // storing it again heals it
    EXPECT_TRUE(get(location));
  }
}

TEST_F(LocalStoreTest, AContentOfAnotherSizeIsCorrupt) {
  const Location location = put("complete");
  fs::resize_file(file(location), 3);
  const auto read = get(location);
  ASSERT_FALSE(read);
  EXPECT_TRUE(is_corrupt(read.error()));
  EXPECT_FALSE(*store_->contains(location));
}

TEST_F(LocalStoreTest, LinksAndDevicesInPlaceOfContentAreNotThere) {
  const Location location = put("target");
  const fs::path path = file(location);
  const fs::path aside = folder_ / "aside";
  fs::create_hard_link(path, aside);
  EXPECT_EQ(get(location).error().code, Code::not_found) << "a hard link";
  fs::remove(path);
  fs::create_symlink(aside, path);
  EXPECT_EQ(get(location).error().code, Code::not_found) << "a symbolic link";
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(get(location).error().code, Code::not_found) << "a pipe";
  fs::remove(path);
  const fs::path parent = path.parent_path();
  fs::remove(parent);
  fs::create_directory(folder_ / "elsewhere");
  fs::rename(aside, folder_ / "elsewhere" / location.digest);
  fs::create_directory_symlink(folder_ / "elsewhere", parent);
  EXPECT_EQ(get(location).error().code, Code::not_found) << "a linked folder";
}

TEST_F(LocalStoreTest, PathsOfLayoutTreeStayBelowTheRoot) {
  std::ofstream(folder_.string() + "-outside") << "secret";
  PutOptions options;
  options.layout = Layout::tree;
  options.tree_path = "runs/1/model.txt";
  TextSource source("tree content");
  auto staged = store_->stage(ctx_, source, options);
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->publish());
  EXPECT_EQ(*get((*staged)->location()), "tree content");
  EXPECT_EQ(*get((*staged)->location(), ByteRange{5, 3}), "con");
  for (const std::string& path :
       {"../" + folder_.filename().string() + "-outside", std::string("/etc/passwd"),
        std::string("runs/../../x"), std::string("/proc/self/root/etc/passwd")}) {
    Location location{Layout::tree, {}, path, 6};
    EXPECT_EQ(get(location).error().code, Code::not_found) << path;
    options.tree_path = path;
    TextSource evil("evil");
    auto outside = store_->stage(ctx_, evil, options);
    ASSERT_TRUE(outside);
    EXPECT_FALSE((*outside)->publish()) << path;
  }
  fs::remove(folder_.string() + "-outside");
}

TEST_F(LocalStoreTest, ExpectationsAreChecked) {
  TextSource short_source("abc");
  EXPECT_EQ(store_->stage(ctx_, short_source, {.expected_size = 4}).error().code, Code::invalid);
  TextSource other("abc");
  EXPECT_EQ(store_->stage(ctx_, other, {.expected_digest = std::string(64, '0')}).error().code,
            Code::invalid);
  CountingSource large(2 * kCopyBytes);
  EXPECT_EQ(store_->stage(ctx_, large, {.size_max = kCopyBytes}).error().code, Code::too_large);
  BrokenSource broken;
  EXPECT_EQ(store_->stage(ctx_, broken, {}).error().code, Code::cancelled);
  CallContext cancelled;
  cancelled.cancelled = std::make_shared<std::atomic<bool>>(true);
  TextSource text("abc");
  EXPECT_EQ(store_->stage(cancelled, text, {}).error().code, Code::cancelled);
  EXPECT_EQ(files_below(folder_), 0U);
}

// In a child with a limit on file sizes, which the kernel answers where a full disk would.
TEST_F(LocalStoreTest, AFullDiskLeavesNothingBehind) {
  for (const bool announced : {false, true}) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{1 << 20, 1 << 20};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
      CountingSource source(4 << 20);
      PutOptions options;
      if (announced) options.expected_size = 4 << 20;
      const auto staged = store_->stage(ctx_, source, options);
      ::_exit(!staged && staged.error().code == Code::storage_full ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    EXPECT_EQ(files_below(folder_), 0U);
  }
}

TEST_F(LocalStoreTest, HiddenContentIsGoneAndSweptAndMayComeBack) {
  const Location location = put("collect me");
  ASSERT_TRUE(store_->hide(location));
  EXPECT_FALSE(*store_->contains(location));
  EXPECT_TRUE(store_->hide(location)) << "hiding twice is fine";
  std::ofstream(folder_ / "tmp" / "put-old") << "left by a crash";
  std::ofstream(folder_ / "tmp" / "stranger") << "not ours";
  EXPECT_EQ(*store_->sweep(std::chrono::hours(1)), 1) << "a fresh upload's file stays";
  fs::last_write_time(folder_ / "tmp" / "put-old", fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(*store_->sweep(std::chrono::hours(1)), 1);
  EXPECT_TRUE(fs::exists(folder_ / "tmp" / "stranger"));
  put("collect me");
  EXPECT_EQ(*get(location), "collect me");
}

TEST_F(LocalStoreTest, TheFirstOwnerStays) {
  EXPECT_EQ(*store_->claim_ownership("first"), "first");
  EXPECT_EQ(*store_->claim_ownership("second"), "first");
  EXPECT_EQ(*open_store()->claim_ownership("third"), "first");
}

TEST_F(LocalStoreTest, AMissingRootIsMadeOnlyForWriting) {
  EXPECT_EQ(LocalStore::open((folder_ / "none").string(), Missing::refuse).error().code, Code::not_found);
  EXPECT_EQ(LocalStore::open("relative", Missing::make).error().code, Code::invalid);
  EXPECT_TRUE(LocalStore::open((folder_ / "some" / "deeper").string(), Missing::make));
}

TEST_F(LocalStoreTest, MemoryStaysConstantForLargeContents) {
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  constexpr std::uint64_t kSize = 256UL << 20;
  CountingSource source(kSize);
  auto staged = store_->stage(ctx_, source, {});
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->publish());
  auto reader = store_->open((*staged)->location(), {});
  ASSERT_TRUE(reader);
  std::vector<std::byte> buffer(64UL << 10);
  std::uint64_t total = 0;
  while (true) {
    const auto count = (*reader)->read(buffer);
    ASSERT_TRUE(count);
    if (*count == 0) break;
    total += *count;
  }
  EXPECT_EQ(total, kSize);
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 16L << 10) << "KiB";
}

}  // namespace
}  // namespace tracseq::artifacts
