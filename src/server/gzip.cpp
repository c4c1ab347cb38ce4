// SPDX-License-Identifier: MIT
#include "server/gzip.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>

namespace tracseq::server {
namespace {

constexpr int kLevel = 4;        // two thirds of level 6's time for a few per cent of size
constexpr int kGzipWindow = 31;  // 32 KiB window, gzip header
constexpr int kZlibWindow = 15;  // 32 KiB window, zlib header
constexpr std::size_t kStep = 64UL << 10;

Bytef* bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

struct Inflater {
  z_stream stream{};
  explicit Inflater(int window) { TRACSEQ_ENSURE(inflateInit2(&stream, window) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

Result<std::string> unpack(std::string_view in, std::size_t bytes_max, int window) {
  Inflater inflater(window);
  z_stream& stream = inflater.stream;
  stream.next_in = bytes(in);
  stream.avail_in = static_cast<uInt>(in.size());
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(std::min(before + kStep, bytes_max + 1));  // one byte over the limit shows that there is more
    stream.next_out = bytes(out) + before;
    stream.avail_out = static_cast<uInt>(out.size() - before);
    const int state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > bytes_max)
      return fail(Code::too_large, fmt::format("the body unpacks to more than {} bytes", bytes_max));
    if (state == Z_STREAM_END) break;
    if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
      return fail(Code::invalid, "the body is not complete, valid compressed data");
  }
  if (stream.avail_in != 0) return fail(Code::invalid, "the compressed body goes on after its end");
  return out;
}

}  // namespace

std::string gzip(std::string_view in) {
  z_stream stream{};
  TRACSEQ_ENSURE(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = bytes(in);
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = bytes(out);
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  TRACSEQ_ENSURE(done == Z_STREAM_END);  // deflateBound promised the room
  return out;
}

Result<std::string> gunzip(std::string_view in, std::size_t bytes_max) {
  return unpack(in, bytes_max, kGzipWindow);
}

Result<std::string> inflate_zlib(std::string_view in, std::size_t bytes_max) {
  return unpack(in, bytes_max, kZlibWindow);
}

}  // namespace tracseq::server
