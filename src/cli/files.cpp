// SPDX-License-Identifier: MIT
#include "cli/files.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/crypto.h"
#include "storage/tables/file_source.h"

namespace tracseq::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTextMax = 8UL << 20;
constexpr std::size_t kPiece = 256UL << 10;
constexpr auto kUploadMax = std::chrono::hours{4};

Result<std::string> digest_of(const std::string& path) {
  TRACSEQ_TRY(auto file, tables::FileSource::open(path));
  Sha256 digest;
  std::vector<std::byte> piece(kPiece);
  for (;;) {
    TRACSEQ_TRY(const std::size_t got, file.read(piece));
    if (got == 0) break;
    digest.update(ByteView(piece).first(got));
  }
  return hex(digest.finish());
}

Result<std::string> upload(Connection& connection, const fs::path& path) {
  TRACSEQ_TRY(const std::string digest, digest_of(path.string()));
  const std::string name = path.filename().string();
  const Json known = Json::object().set("name", name).set("digest", digest);
  auto answer = connection.call(api::Method::post, "/api/v1/uploads", dump_json(known));
  if (!answer && answer.error().code == Code::not_found) {
    TRACSEQ_TRY(auto file, tables::FileSource::open(path.string()));
    TRACSEQ_TRY(api::Request request,
                api::make_request(api::Method::put,
                                  "/api/v1/uploads" + query_of({{"name", name}, {"digest", digest}})));
    request.stream = &file;
    request.content_length = fs::file_size(path);
    TRACSEQ_TRY(const api::Response response, connection.client().send(std::move(request), kUploadMax));
    if (response.status >= 300) return fail(api::error_of(response.status, response.body));
    answer = response.body;
  }
  if (!answer) return fail(std::move(answer).error());
  TRACSEQ_TRY(const Json info, parse_json(*answer, "the answer"));
  const Json* id = info.find("artifact_id");
  if (id == nullptr) return fail(Code::internal, "the server named no upload");
  return id->string_or("");
}

template <class Write>
Result<std::uint64_t> copy(api::Response& response, Write write) {
  if (!response.stream) {
    TRACSEQ_CHECK(write(response.body.data(), response.body.size()));
    return response.body.size();
  }
  std::uint64_t written = 0;
  std::vector<std::byte> piece(kPiece);
  for (;;) {
    TRACSEQ_TRY(const std::size_t got, response.stream->read(piece));
    if (got == 0) return written;
    TRACSEQ_CHECK(write(reinterpret_cast<const char*>(piece.data()), got));
    written += got;
  }
}

}  // namespace

Result<std::string> read_text(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in)
    return fail(Code::invalid, fmt::format("the file '{}' cannot be read: {}", path, std::strerror(errno)));
  std::string text(kTextMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kTextMax)
    return fail(Code::too_large, fmt::format("'{}' has more than {} bytes", path, kTextMax));
  return text;
}

Result<void> set_input(Connection& connection, const std::string& given, Json& body) {
  std::error_code error;
  const fs::path path = fs::absolute(given, error);
  if (error || !fs::is_regular_file(path, error))
    return fail(Code::invalid, fmt::format("'{}' is no file that can be read", given));
  if (connection.embedded()) {
    body.set("path", path.string());
    return {};
  }
  TRACSEQ_TRY(const std::string id, upload(connection, path));
  body.set("upload_id", id);
  return {};
}

Result<std::uint64_t> write_answer(api::Response& response, const std::string& path) {
  const auto failed = [&] {
    return fail(errno == ENOSPC ? Code::storage_full : Code::unavailable,
                fmt::format("'{}' cannot be written: {}", path, std::strerror(errno)));
  };
  if (path == "-")
    return copy(response, [&](const char* bytes, std::size_t count) -> Result<void> {
      if (std::fwrite(bytes, 1, count, stdout) != count) return failed();
      return {};
    });
  const std::string part = fmt::format("{}.{}.part", path, getpid());
  std::FILE* file = std::fopen(part.c_str(), "wxe");
  if (file == nullptr) return failed();
  auto written = copy(response, [&](const char* bytes, std::size_t count) -> Result<void> {
    if (std::fwrite(bytes, 1, count, file) != count) return failed();
    return {};
  });
  if (std::fclose(file) != 0 && written) written = failed();
  if (written && std::rename(part.c_str(), path.c_str()) != 0) written = failed();
  if (!written) std::remove(part.c_str());
  return written;
}

}  // namespace tracseq::cli
