// SPDX-License-Identifier: MIT
#include "api/announced_digest.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/crypto.h"

namespace tracseq::api {
namespace {

constexpr std::string_view kAlgorithm = "sha-256";
constexpr std::size_t kShownMax = 100;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool names_algorithm(std::string_view name) {
  return std::equal(name.begin(), name.end(), kAlgorithm.begin(), kAlgorithm.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

// The value of the list's SHA-256: base64, in RFC 9530 between colons.
Result<std::string> sha256_of(std::string_view header, std::string_view list) {
  const auto refused = [&](std::string_view why) {
    return fail_field(std::string(header),
                      fmt::format("{} is '{}'; {}", header, list.substr(0, kShownMax), why));
  };
  const bool structured = header != "digest";
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view item = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || !names_algorithm(item.substr(0, equals))) continue;
    std::string_view value = item.substr(equals + 1);
    if (structured) {
      if (value.size() < 2 || !value.starts_with(':') || !value.ends_with(':'))
        return refused("the digest must be sha-256=:BASE64:");
      value = value.substr(1, value.size() - 2);
    }
    const auto digest = unbase64(value);
    if (!digest || digest->size() != sizeof(Digest)) return refused("its SHA-256 must be 32 bytes in base64");
    return hex(bytes_of(*digest));
  }
  return refused("it has no sha-256, and no other digest is checked");
}

}  // namespace

Result<std::string> announced_digest(const Request& request) {
  std::string announced;
  for (const std::string_view header : kDigestHeaders) {
    const std::string_view list = request.header(header);
    if (list.empty()) continue;
    TRACSEQ_TRY(std::string digest, sha256_of(header, list));
    if (!announced.empty() && digest != announced)
      return fail_field(std::string(header),
                        fmt::format("{} announces the SHA-256 {}; another was announced before it: {}",
                                    header, digest, announced));
    announced = std::move(digest);
  }
  return announced;
}

}  // namespace tracseq::api
