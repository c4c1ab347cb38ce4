// SPDX-License-Identifier: MIT
#include "base/crypto.h"
#include "base/id.h"
#include "domain/security/tokens.h"

namespace tracseq::security {
namespace {

constexpr std::string_view kPrefix = "mlp_live_";
constexpr std::size_t kSecretDigits = 64;
constexpr std::size_t kCheckDigits = 6;

std::string check_of(std::string_view body) { return sha256_hex(bytes_of(body)).substr(0, kCheckDigits); }

}  // namespace

std::string format_token(const TokenText& token) {
  std::string text = std::string(kPrefix) + token.token_id + "_" + token.secret;
  return text + check_of(text);
}

std::optional<TokenText> parse_token(std::string_view text) {
  constexpr std::size_t kIdDigits = 32;
  if (text.size() != kPrefix.size() + kIdDigits + 1 + kSecretDigits + kCheckDigits ||
      !text.starts_with(kPrefix))
    return std::nullopt;
  const auto id = text.substr(kPrefix.size(), kIdDigits);
  const auto body = text.substr(0, text.size() - kCheckDigits);
  if (!is_id(id) || text[kPrefix.size() + kIdDigits] != '_' || check_of(body) != text.substr(body.size()))
    return std::nullopt;
  return TokenText{std::string(id), std::string(body.substr(kPrefix.size() + kIdDigits + 1))};
}

}  // namespace tracseq::security
