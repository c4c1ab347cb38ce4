// SPDX-License-Identifier: MIT
#include "storage/artifacts/verified_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/crypto.h"
#include "base/log.h"

namespace tracseq::artifacts {
namespace {

constexpr std::string_view kCorrupt = "the stored content is corrupt";

class PlainSource final : public ByteSource {
 public:
  PlainSource(FileHandle file, ByteRange range) : file_(std::move(file)), range_(range) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), range_.length);
    TRACSEQ_TRY(const std::size_t count, read_at(file_.get(), buffer.first(wanted), range_.offset));
    if (count < wanted) return fail(Code::internal, "the stored content ends early");
    range_.offset += count;
    range_.length -= count;
    return count;
  }

 private:
  FileHandle file_;
  ByteRange range_;  // what is left
};

// Reads one piece ahead: a piece is handed out when the next one is there, the last one when the digest is
// right.
class VerifiedSource final : public ByteSource {
 public:
  VerifiedSource(FileHandle file, Location location)
      : file_(std::move(file)), location_(std::move(location)), piece_(kCopyBytes), next_(kCopyBytes) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!started_) {
      TRACSEQ_CHECK(fetch());
      started_ = true;
      TRACSEQ_CHECK(advance());
    }
    if (at_ == piece_size_ && next_size_ > 0) TRACSEQ_CHECK(advance());
    const std::size_t count = std::min(buffer.size(), piece_size_ - at_);
    std::memcpy(buffer.data(), piece_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  // The next piece becomes the current one and another is read; at the end the digest is compared.
  Result<void> advance() {
    piece_.swap(next_);
    piece_size_ = next_size_;
    at_ = 0;
    return fetch();
  }

  Result<void> fetch() {
    if (finished_) {
      next_size_ = 0;
      return {};
    }
    TRACSEQ_TRY(next_size_, read_at(file_.get(), next_, offset_));
    offset_ += next_size_;
    hash_.update(ByteView(next_).first(next_size_));
    if (next_size_ == next_.size()) return {};
    // A short piece is the last: nothing of it is handed out unless all of it was right.
    finished_ = true;
    if (hex(hash_.finish()) == location_.digest) return {};
    next_size_ = piece_size_ = at_ = 0;
    return fail(corrupt_content(location_, "another digest"));
  }

  FileHandle file_;
  Location location_;
  Sha256 hash_;
  std::vector<std::byte> piece_, next_;
  std::size_t piece_size_ = 0, next_size_ = 0, at_ = 0;
  std::uint64_t offset_ = 0;
  bool started_ = false, finished_ = false;
};

}  // namespace

Error corrupt_content(const Location& location, const std::string& why) {
  log::error("artifact.corrupt", {{"digest", location.digest}, {"why", why}});
  return {Code::internal, std::string(kCorrupt), fmt::format("{}: {}", location.digest, why), {}};
}

bool is_corrupt(const Error& error) { return error.code == Code::internal && error.message == kCorrupt; }

std::unique_ptr<ByteSource> plain_source(FileHandle file, ByteRange range) {
  return std::make_unique<PlainSource>(std::move(file), range);
}

std::unique_ptr<ByteSource> verified_source(FileHandle file, Location location) {
  return std::make_unique<VerifiedSource>(std::move(file), std::move(location));
}

Result<void> verify_content(int file, const Location& location) {
  std::vector<std::byte> buffer(kCopyBytes);
  Sha256 hash;
  for (std::uint64_t offset = 0;;) {
    TRACSEQ_TRY(const std::size_t count, read_at(file, buffer, offset));
    if (count == 0) break;
    hash.update(ByteView(buffer).first(count));
    offset += count;
  }
  if (hex(hash.finish()) != location.digest) return fail(corrupt_content(location, "another digest"));
  return {};
}

}  // namespace tracseq::artifacts
