// SPDX-License-Identifier: MIT
#include "storage/artifacts/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"
#include "storage/artifacts/verified_source.h"

namespace tracseq::artifacts {
namespace {

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kPrivateFolderMode = 0700;
constexpr mode_t kFileMode = 0640;
constexpr std::string_view kHiddenPrefix = "gone-";
constexpr std::string_view kUploadPrefix = "put-";
constexpr std::size_t kOwnerBytesMax = 256;

std::string blob_path(const std::string& digest) {
  return fmt::format("blobs/{}/{}/{}", digest.substr(0, 2), digest.substr(2, 2), digest);
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string place(const Location& location) {
  return location.layout == Layout::blob ? blob_path(location.digest) : location.path;
}

// Makes the folders of `path` (without its last segment) durably and opens the last of them.
Result<FileHandle> folder_of(int root, const std::string& path) {
  TRACSEQ_TRY(FileHandle here, open_beneath(root, ".", O_RDONLY | O_DIRECTORY));
  for (std::size_t begin = 0, slash = path.find('/'); slash != std::string::npos;
       begin = slash + 1, slash = path.find('/', begin)) {
    const std::string segment = path.substr(begin, slash - begin);
    TRACSEQ_CHECK(make_folder_at(here.get(), segment, kFolderMode));
    TRACSEQ_TRY(here, open_beneath(here.get(), segment, O_RDONLY | O_DIRECTORY));
  }
  return here;
}

class StagedFile final : public StagedContent {
 public:
  StagedFile(int root, std::string temporary) : root_(root), temporary_(std::move(temporary)) {}
  ~StagedFile() override {
    if (!temporary_.empty()) ::unlinkat(root_, temporary_.c_str(), 0);
  }
  [[nodiscard]] const Location& location() const override { return location_; }

  Result<void> publish() override {
    TRACSEQ_ENSURE(!temporary_.empty());
    const std::string path = place(location_);
    TRACSEQ_TRY(const FileHandle folder, folder_of(root_, path));
    const std::string name = path.substr(path.rfind('/') + 1);
    // Also when the content is there already: a rename onto it costs nothing and heals a damaged one.
    if (::renameat(root_, temporary_.c_str(), folder.get(), name.c_str()) != 0)
      return fail(file_error("storing an artifact", path, errno));
    temporary_.clear();
    return sync(folder.get(), "storing an artifact");
  }

  Location location_;  // filled by `stage`

 private:
  int root_;  // of the store, which outlives it
  std::string temporary_;
};

// Copies the source to the file until its end; fills digest and size.
Result<void> copy(const CallContext& ctx, ByteSource& source, int file, const PutOptions& options,
                  Location& location) {
  std::vector<std::byte> buffer(kCopyBytes);
  Sha256 hash;
  while (true) {
    TRACSEQ_CHECK(ctx.check());
    TRACSEQ_TRY(const std::size_t count, source.read(buffer));
    if (count == 0) break;
    location.size_bytes += count;
    if (location.size_bytes > options.size_max)
      return fail(Code::too_large, fmt::format("the content is larger than {} bytes", options.size_max));
    const ByteView piece = ByteView(buffer).first(count);
    hash.update(piece);
    TRACSEQ_CHECK(write_whole(file, piece));
  }
  location.digest = hex(hash.finish());
  return {};
}

Result<void> check_expectations(const PutOptions& options, const Location& location) {
  if (options.expected_size && *options.expected_size != location.size_bytes)
    return fail(Code::invalid, fmt::format("the content has {} bytes; {} were announced", location.size_bytes,
                                           *options.expected_size));
  if (!options.expected_digest.empty() && options.expected_digest != location.digest)
    return fail(Code::invalid, fmt::format("the content's SHA-256 is {}; {} was announced", location.digest,
                                           options.expected_digest));
  return {};
}

// Fails early where the whole content cannot fit. Not every file system can reserve: then writing tells.
Result<void> reserve(int file, const PutOptions& options) {
  if (!options.expected_size || *options.expected_size == 0) return {};
  if (*options.expected_size > options.size_max)
    return fail(Code::too_large, fmt::format("the content is larger than {} bytes", options.size_max));
  if (::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(*options.expected_size)) == 0) return {};
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
    return fail(file_error("storing an artifact", "fallocate", errno));
  return {};
}

}  // namespace

Result<std::unique_ptr<LocalStore>> LocalStore::open(const std::string& root, Missing missing) {
  if (root.empty() || root.front() != '/')
    return fail(Code::invalid, fmt::format("the artifact root '{}' is no absolute path", root));
  if (missing == Missing::make) TRACSEQ_CHECK(make_folders(root, kFolderMode));
  FileHandle folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return fail(file_error("opening the artifact folder", root, errno));
  if (missing == Missing::refuse) return std::unique_ptr<LocalStore>(new LocalStore(root, std::move(folder)));
  for (const auto& [name, mode] : {std::pair{"blobs", kFolderMode}, std::pair{"tmp", kPrivateFolderMode}})
    TRACSEQ_CHECK(make_folder_at(folder.get(), name, mode));
  return std::unique_ptr<LocalStore>(new LocalStore(root, std::move(folder)));
}

Result<std::unique_ptr<StagedContent>> LocalStore::stage(const CallContext& ctx, ByteSource& source,
                                                         const PutOptions& options) {
  const std::string temporary = fmt::format("tmp/{}{}", kUploadPrefix, new_id());
  TRACSEQ_TRY(const FileHandle file,
              open_beneath(folder_.get(), temporary, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  auto staged = std::make_unique<StagedFile>(folder_.get(), temporary);
  Location& location = staged->location_;
  location.layout = options.layout;
  location.path = options.tree_path;
  TRACSEQ_CHECK(reserve(file.get(), options));
  TRACSEQ_CHECK(copy(ctx, source, file.get(), options, location));
  TRACSEQ_CHECK(check_expectations(options, location));
  TRACSEQ_CHECK(sync(file.get(), "storing an artifact"));
  return staged;
}

Result<FileHandle> LocalStore::open_content(const Location& location, std::uint64_t& size) const {
  if (location.layout == Layout::blob && !is_digest(location.digest))
    return fail(Code::internal, "an artifact's digest is no SHA-256", location.digest);
  TRACSEQ_TRY(FileHandle file, open_beneath(folder_.get(), place(location), O_RDONLY | O_NONBLOCK));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(file_error("reading an artifact", place(location), errno));
  // A device, pipe or socket planted here, or a file that is also known under a name elsewhere, is not ours.
  // No name at all is one whose content was just stored again: a new file took the name after we opened it.
  if (!S_ISREG(info.st_mode) || info.st_nlink > 1)
    return fail(Code::not_found, "reading an artifact: there is no such file", place(location));
  size = static_cast<std::uint64_t>(info.st_size);
  if (location.layout == Layout::blob && size != location.size_bytes)
    return fail(corrupt_content(location, fmt::format("has {} bytes, not {}", size, location.size_bytes)));
  return file;
}

Result<std::unique_ptr<ByteSource>> LocalStore::open(const Location& location,
                                                     std::optional<ByteRange> range) {
  std::uint64_t size = 0;
  TRACSEQ_TRY(FileHandle file, open_content(location, size));
  if (range && (range->offset > size || range->length > size - range->offset))
    return fail(Code::invalid,
                fmt::format("the range {}+{} is outside the {} bytes", range->offset, range->length, size));
  if (location.layout == Layout::tree)
    return plain_source(std::move(file), range.value_or(ByteRange{0, size}));
  if (!range || (range->offset == 0 && range->length == size))
    return verified_source(std::move(file), location);
  if (size <= kVerifiedRangeBytesMax) TRACSEQ_CHECK(verify_content(file.get(), location));
  return plain_source(std::move(file), *range);
}

Result<bool> LocalStore::contains(const Location& location) {
  std::uint64_t size = 0;
  const auto file = open_content(location, size);
  if (file) return true;
  if (file.error().code == Code::not_found || is_corrupt(file.error())) return false;
  return fail(file.error());
}

Result<void> LocalStore::hide(const Location& location) {
  TRACSEQ_ENSURE(location.layout == Layout::blob);
  const std::string hidden = fmt::format("tmp/{}{}", kHiddenPrefix, new_id());
  TRACSEQ_TRY(const FileHandle tmp, open_beneath(folder_.get(), "tmp", O_RDONLY | O_DIRECTORY));
  const std::string path = blob_path(location.digest);
  const auto folder = open_beneath(folder_.get(), path.substr(0, path.rfind('/')), O_RDONLY | O_DIRECTORY);
  if (!folder) {
    if (folder.error().code == Code::not_found) return {};
    return fail(folder.error());
  }
  if (::renameat(folder->get(), location.digest.c_str(), folder_.get(), hidden.c_str()) != 0 &&
      errno != ENOENT)
    return fail(file_error("collecting an artifact", path, errno));
  return {};
}

Result<std::int64_t> LocalStore::sweep(std::chrono::seconds older_than) {
  TRACSEQ_TRY(const FileHandle tmp, open_beneath(folder_.get(), "tmp", O_RDONLY | O_DIRECTORY));
  const int duplicate = ::fcntl(tmp.get(), F_DUPFD_CLOEXEC, 0);
  DIR* listing = duplicate < 0 ? nullptr : ::fdopendir(duplicate);
  if (listing == nullptr) return fail(file_error("collecting artifacts", "tmp", errno));
  const auto oldest =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::microseconds{now().us}) - older_than;
  std::int64_t removed = 0;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    struct stat info{};
    if (!name.starts_with(kHiddenPrefix) && !name.starts_with(kUploadPrefix)) continue;
    if (::fstatat(tmp.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    // An upload's file is as old as its last write.
    if (name.starts_with(kUploadPrefix) && info.st_mtim.tv_sec > oldest.count()) continue;
    if (::unlinkat(tmp.get(), entry->d_name, 0) == 0) ++removed;
  }
  ::closedir(listing);
  return removed;
}

Result<std::string> LocalStore::claim_ownership(const std::string& token) {
  // A complete file under another name first: whoever reads `owner` never sees half of it.
  const std::string mine = fmt::format("tmp/{}{}", kUploadPrefix, new_id());
  {
    TRACSEQ_TRY(const FileHandle file,
                open_beneath(folder_.get(), mine, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
    TRACSEQ_CHECK(write_whole(file.get(), bytes_of(token)));
    TRACSEQ_CHECK(sync(file.get(), "claiming the artifact folder"));
  }
  const bool linked = ::linkat(folder_.get(), mine.c_str(), folder_.get(), "owner", 0) == 0;
  const int error_number = errno;
  ::unlinkat(folder_.get(), mine.c_str(), 0);
  if (linked) {
    TRACSEQ_CHECK(sync(folder_.get(), "claiming the artifact folder"));
    return token;
  }
  if (error_number != EEXIST) return fail(file_error("claiming the artifact folder", root_, error_number));
  TRACSEQ_TRY(const FileHandle file, open_beneath(folder_.get(), "owner", O_RDONLY));
  std::string text(kOwnerBytesMax, '\0');
  TRACSEQ_TRY(const std::size_t count,
              read_at(file.get(), {reinterpret_cast<std::byte*>(text.data()), text.size()}, 0));
  text.resize(count);
  return text;
}

std::optional<std::string> LocalStore::local_path(const Location& location) const {
  return root_ + "/" + place(location);
}

}  // namespace tracseq::artifacts
