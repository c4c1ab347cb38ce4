// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "storage/artifacts/file.h"
#include "storage/artifacts/store.h"

namespace tracseq::artifacts {

// A folder of this machine. docs/formats/artifacts.md describes it: blobs/ab/cd/<sha256>, tmp/, owner.
// Content is written to tmp/, fsynced, renamed to its place, and the folders on the way are fsynced.
// Everything is opened relative to the root's descriptor, without links.
class LocalStore final : public ArtifactStore {
 public:
  // `root` is absolute. `invalid` if it is not, `not_found` for a missing one that is not to be made,
  // `storage_full`, `internal` if it cannot be made.
  static Result<std::unique_ptr<LocalStore>> open(const std::string& root, Missing missing);

  Result<std::unique_ptr<StagedContent>> stage(const CallContext& ctx, ByteSource& source,
                                               const PutOptions& options) override;
  Result<std::unique_ptr<ByteSource>> open(const Location& location, std::optional<ByteRange> range) override;
  Result<bool> contains(const Location& location) override;
  Result<void> hide(const Location& location) override;
  Result<std::int64_t> sweep(std::chrono::seconds older_than) override;
  Result<std::string> claim_ownership(const std::string& token) override;
  [[nodiscard]] std::optional<std::string> local_path(const Location& location) const override;

 private:
  LocalStore(std::string root, FileHandle folder) : root_(std::move(root)), folder_(std::move(folder)) {}
  Result<FileHandle> open_content(const Location& location, std::uint64_t& size) const;

  std::string root_;  // constant after construction
  FileHandle folder_;
};

}  // namespace tracseq::artifacts
