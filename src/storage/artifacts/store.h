// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_source.h"
#include "base/context.h"
#include "base/describe.h"
#include "base/result.h"

namespace tracseq::artifacts {

// How content lies below a root. `blob`: under its SHA-256 (blobs/ab/cd/…), the default. `tree`: under its
// own plain path, which other programs may write directly.
enum class Layout { blob, tree };
TRACSEQ_DESCRIBE_ENUM(Layout, blob, tree)

// Whether a missing root is made or is an error.
enum class Missing { make, refuse };

// Where content lies; all of it is part of the artifact's row.
struct Location {
  Layout layout = Layout::blob;
  std::string digest;  // SHA-256, 64 lowercase hex digits
  std::string path;    // below the root; layout `tree` alone uses it
  std::uint64_t size_bytes = 0;
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct PutOptions {
  Layout layout = Layout::blob;
  std::string tree_path = {};  // layout `tree`: already checked by check_artifact_path
  std::optional<std::uint64_t> expected_size =
      {};                            // as announced; another size is `invalid`, room for it is reserved first
  std::string expected_digest = {};  // empty: any; another one is `invalid`
  std::uint64_t size_max = 1ULL << 40;  // `too_large` beyond
};

// Content that is written and durable but not yet visible. Dropped without a trace when destroyed before
// `publish`.
class StagedContent {
 public:
  virtual ~StagedContent() = default;
  [[nodiscard]] virtual const Location& location() const = 0;
  // Makes it visible and durable at its place; may be called once. Before it, the caller registers a lease on
  // the digest (ArtifactCatalog), so that no collection can take the content away before a row points to it.
  virtual Result<void> publish() = 0;
};

// The bytes of artifacts below one root. Memory is constant whatever the size.
// Thread-safe; different processes may use the same root.
// Errors: `storage_full` (nothing half-written stays), `not_found`, `internal` for content that does not
// match its row: `is corrupt` in the message.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  // Pulls the source to its end into a temporary place, computing the digest. Stops with the context's error
  // when the call is cancelled or late.
  virtual Result<std::unique_ptr<StagedContent>> stage(const CallContext& ctx, ByteSource& source,
                                                       const PutOptions& options) = 0;

  // Opens content, whole or a range (clipped by the caller to the size).
  // Layout `blob`, whole: the digest is computed along the way and the last piece is held back until it
  // matches, so no reader ever gets a complete wrong content. A range: contents up to kVerifiedRangeBytesMax
  // are verified whole before the first byte; of larger ones the size alone is. Layout `tree`: others may
  // write there, so nothing is verified but that it is a regular file without further links.
  virtual Result<std::unique_ptr<ByteSource>> open(const Location& location,
                                                   std::optional<ByteRange> range) = 0;

  // Whether the content is there in its size.
  virtual Result<bool> contains(const Location& location) = 0;

  // Takes content out of sight at once (called inside the collector's transaction) and frees it in `sweep`.
  // Content that is not there is fine.
  virtual Result<void> hide(const Location& location) = 0;
  // Frees what was hidden and what uploads older than `older_than` left behind. Returns how many files.
  virtual Result<std::int64_t> sweep(std::chrono::seconds older_than) = 0;

  // The text that marks who collects here; set once by the first who asks, then constant. Returns the one
  // that holds.
  virtual Result<std::string> claim_ownership(const std::string& token) = 0;

  // The file of the content for programs on this machine; nothing where there is none.
  [[nodiscard]] virtual std::optional<std::string> local_path(const Location& location) const = 0;
};

inline constexpr std::uint64_t kVerifiedRangeBytesMax = 8UL << 20;
inline constexpr std::size_t kCopyBytes = 256UL << 10;

}  // namespace tracseq::artifacts
