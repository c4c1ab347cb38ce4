// SPDX-License-Identifier: MIT
#include "domain/serving/model_cache.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "base/log.h"
#include "domain/serving/engine.h"

namespace tracseq::serving {

TRACSEQ_DEFINE_TYPE(WantedFile, {.name = "artifact_id", .text = "The artifact in the registry"},
                    {.name = "digest", .text = "SHA-256 of its bytes, lowercase hex"},
                    {.name = "size_bytes", .text = "Its size in bytes"})
TRACSEQ_DEFINE_TYPE(WantedModel, {.name = "model_id", .text = "The model"},
                    {.name = "version", .text = "The version in production"},
                    {.name = "format", .text = "How the artefact is written: onnx"},
                    {.name = "artefact", .text = "The file an engine runs"},
                    {.name = "transformation", .text = "The linked fitted transformation"},
                    {.name = "feature_columns", .text = "Columns as they were registered"},
                    {.name = "not_servable_reason", .text = "Why it cannot be served; empty: it can"},
                    {.name = "signature", .text = "Inputs and outputs as they were registered"})
TRACSEQ_DEFINE_TYPE(CacheManifest, {.name = "format", .text = "Version of this document"},
                    {.name = "models", .text = "What was served last"})

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestBytesMax = 16UL << 20;

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

tl::unexpected<Error> disk_error(const fs::path& path, std::string_view what) {
  const int number = errno;
  const Code code = number == ENOSPC || number == EDQUOT ? Code::storage_full : Code::unavailable;
  return fail(code, fmt::format("the model cache cannot {}: {}", what, std::strerror(number)), path.string());
}

// A file being written under a temporary name; removed unless `finish` moved it to its place.
class NewFile {
 public:
  explicit NewFile(fs::path target) : target_(std::move(target)), path_(target_.string() + ".part") {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  ~NewFile() {
    if (file_ >= 0) {
      ::close(file_);
      ::unlink(path_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Result<void> write(ByteView bytes) {
    if (file_ < 0) return disk_error(path_, "make a file");
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return disk_error(path_, "write a file");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<void> finish() {
    if (file_ < 0) return disk_error(path_, "make a file");
    if (::fsync(file_) != 0) return disk_error(path_, "sync a file");
    ::close(std::exchange(file_, -1));
    if (::rename(path_.c_str(), target_.c_str()) != 0) return disk_error(target_, "put a file in its place");
    return {};
  }

 private:
  fs::path target_;
  fs::path path_;
  int file_ = -1;
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Result<std::unique_ptr<ModelCache>> ModelCache::open(const fs::path& folder) {
  std::unique_ptr<ModelCache> cache(new ModelCache(fs::absolute(folder)));
  std::error_code error;
  fs::create_directories(cache->folder_ / "files", error);
  if (error)
    return fail(Code::unavailable, fmt::format("the model cache {} cannot be made: {}",
                                               cache->folder_.string(), error.message()));
  const fs::path lock = cache->folder_ / "lock";
  cache->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (cache->lock_ < 0) return disk_error(lock, "make its lock");
  if (::flock(cache->lock_, LOCK_EX | LOCK_NB) != 0)
    return fail(Code::conflict,
                fmt::format("the model cache {} is used by another model server; choose another --cache-dir",
                            cache->folder_.string()));
  return cache;
}

ModelCache::~ModelCache() {
  if (lock_ >= 0) ::close(lock_);
}

fs::path ModelCache::path_of(const std::string& digest) const { return folder_ / "files" / digest; }

Result<std::string> ModelCache::get_local(const WantedFile& file) const {
  if (!is_digest(file.digest))
    return fail(Code::unprocessable, "the registry names a file without a valid digest");
  std::error_code error;
  if (!fs::is_regular_file(path_of(file.digest), error))
    return fail(Code::not_found, "the file is not in the model cache");
  std::string bytes = read_file(path_of(file.digest));
  if (sha256_hex(bytes_of(bytes)) != file.digest)
    return fail(Code::not_found, "the file in the model cache is damaged");
  return bytes;
}

Result<std::string> ModelCache::get(const WantedFile& file, FunctionRef<Result<void>(Sink)> fetch) {
  auto local = get_local(file);
  if (local || local.error().code != Code::not_found) return local;
  TRACSEQ_CHECK(download(file, fetch));
  return get_local(file);
}

Result<void> ModelCache::download(const WantedFile& file, FunctionRef<Result<void>(Sink)> fetch) {
  if (file.size_bytes < 0 || static_cast<std::size_t>(file.size_bytes) > kArtefactBytesMax)
    return fail(Code::unprocessable, fmt::format("the model is {} bytes; at most {} are served",
                                                 file.size_bytes, kArtefactBytesMax));
  NewFile target(path_of(file.digest));
  Sha256 hash;
  std::size_t size = 0;
  const auto sink = [&](ByteView bytes) -> Result<void> {
    size += bytes.size();
    if (size > static_cast<std::size_t>(file.size_bytes))
      return fail(Code::unprocessable,
                  fmt::format("the registry sends more than the {} bytes it names", file.size_bytes));
    hash.update(bytes);
    return target.write(bytes);
  };
  TRACSEQ_CHECK(fetch(sink));
  const Digest digest = hash.finish();
  if (hex(digest) != file.digest)
    return fail(Code::unprocessable,
                fmt::format("the downloaded model's digest is {}, not {}", hex(digest), file.digest));
  return target.finish();
}

Result<CacheManifest> parse_manifest(std::string_view text) {
  TRACSEQ_TRY(CacheManifest manifest, from_json<CacheManifest>(text, UnknownFields::ignore));
  if (manifest.format != CacheManifest{}.format)
    return fail_field("format",
                      fmt::format("format is {}; known is {}", manifest.format, CacheManifest{}.format));
  return manifest;
}

CacheManifest ModelCache::read_manifest() const {
  const fs::path path = folder_ / "manifest.json";
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kManifestBytesMax) return {};
  auto manifest = parse_manifest(read_file(path));
  if (manifest) return std::move(*manifest);
  log::warning("model_cache_manifest_damaged",
               {{"path", path.string()}, {"reason", manifest.error().message}});
  return {};
}

Result<void> ModelCache::write_manifest(const CacheManifest& manifest) {
  NewFile file(folder_ / "manifest.json");
  TRACSEQ_CHECK(file.write(bytes_of(to_json(manifest))));
  return file.finish();
}

void ModelCache::collect(const CacheManifest& manifest) {
  std::set<std::string> used;
  for (const WantedModel& model : manifest.models)
    for (const auto& file : {model.artefact, model.transformation})
      if (file) used.insert(file->digest);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "files", error))
    if (!used.contains(entry.path().filename().string())) {
      std::error_code ignored;  // tried again after the next change
      fs::remove(entry.path(), ignored);
    }
}

}  // namespace tracseq::serving
