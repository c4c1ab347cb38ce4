// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/describe.h"
#include "base/function_ref.h"
#include "base/result.h"

namespace tracseq::serving {

// A file of the registry that a model needs.
struct WantedFile {
  std::string artifact_id;
  std::string digest;  // SHA-256, lowercase hex
  std::int64_t size_bytes = 0;
};
TRACSEQ_DESCRIBE(WantedFile, (artifact_id, digest, size_bytes))

// A version the registry has in production.
struct WantedModel {
  std::string model_id;
  std::string version;
  std::string format;  // "onnx"; empty where there is nothing to serve
  std::optional<WantedFile> artefact;
  std::optional<WantedFile> transformation;
  std::vector<std::string> feature_columns;
  std::string not_servable_reason;  // not empty: registered, but nothing here can run it
  Json signature;                   // inputs and outputs as they were registered; null: not known
};
TRACSEQ_DESCRIBE(WantedModel, (model_id, version, format, artefact, transformation, feature_columns,
                               not_servable_reason, signature))

struct CacheManifest {
  std::int32_t format = 1;
  std::vector<WantedModel> models;
};
TRACSEQ_DESCRIBE(CacheManifest, (format, models))

// Reads a stored list. `invalid` says where the text is none of this format.
Result<CacheManifest> parse_manifest(std::string_view text);

// What a model server keeps on disk, so that it starts without its registry: files by digest and the list of
// what it served last. Files appear whole (temporary name, fsync, rename) and are verified whenever they are
// read. Lifecycle: `open` takes a lock on the folder for the object's life. Used by one thread.
class ModelCache {
 public:
  using Sink = FunctionRef<Result<void>(ByteView)>;

  // `conflict` when another process uses the folder, `unavailable` when it cannot be made.
  static Result<std::unique_ptr<ModelCache>> open(const std::filesystem::path& folder);
  ~ModelCache();
  ModelCache(const ModelCache&) = delete;
  ModelCache& operator=(const ModelCache&) = delete;

  // The file's bytes, downloading them by `fetch` if they are not here or damaged. `unprocessable` when what
  // was downloaded has another digest or size; nothing is kept of it then.
  Result<std::string> get(const WantedFile& file, FunctionRef<Result<void>(Sink)> fetch);
  // Only what is here already; `not_found` otherwise.
  Result<std::string> get_local(const WantedFile& file) const;

  // The list written last; empty when there is none or it is damaged (then it is as if the cache were new).
  [[nodiscard]] CacheManifest read_manifest() const;
  Result<void> write_manifest(const CacheManifest& manifest);
  // Removes files that the manifest does not name.
  void collect(const CacheManifest& manifest);

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  explicit ModelCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path path_of(const std::string& digest) const;
  Result<void> download(const WantedFile& file, FunctionRef<Result<void>(Sink)> fetch);

  const std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace tracseq::serving
