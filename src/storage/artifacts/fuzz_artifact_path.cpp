// SPDX-License-Identifier: MIT
// Whatever check_artifact_path accepts stays below its folder: joined to a root and normalised, it is itself.
// Built with: storage/artifacts/path.cpp
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "storage/artifacts/path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path(reinterpret_cast<const char*>(data), size);
  const bool accepted = tracseq::artifacts::check_artifact_path("path", path).has_value();
  static_cast<void>(tracseq::artifacts::safe_content_type(path));
  const bool prefix = tracseq::artifacts::check_artifact_prefix("prefix", path).has_value();
  if (!accepted) return 0;
  TRACSEQ_ENSURE(prefix);
  TRACSEQ_ENSURE(path.size() <= tracseq::artifacts::kPathBytesMax);
  TRACSEQ_ENSURE(path.find('\0') == std::string::npos && path.find('\\') == std::string::npos);
  const std::filesystem::path root = "/root-of-artifacts";
  const std::filesystem::path joined = root / path;
  TRACSEQ_ENSURE(joined.lexically_normal() == joined);
  TRACSEQ_ENSURE(joined.native() == "/root-of-artifacts/" + path);
  TRACSEQ_ENSURE(!tracseq::artifacts::file_name(path).empty());
  return 0;
}
