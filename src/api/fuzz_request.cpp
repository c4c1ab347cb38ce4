// SPDX-License-Identifier: MIT
// No address gets a path trick past make_request, and what it took survives being encoded again.
#include <cstdint>
#include <cstdlib>

#include "api/client.h"
#include "base/json.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const auto request = api::make_request(api::Method::get, {reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  const std::string& path = request->path;
  require(path.starts_with('/') && is_utf8(path) && path.find('\\') == std::string::npos);
  for (const char c : path) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  const std::string framed = path + "/";
  require(framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos);
  require(request->query.size() <= api::kQueryParametersMax);
  std::string target = api::percent_encode(path, "/");
  char separator = '?';
  for (const auto& [name, value] : request->query) {
    target += separator + api::percent_encode(name) + '=' + api::percent_encode(value);
    separator = '&';
  }
  const auto again = api::make_request(api::Method::get, target);
  require(again.has_value() && again->path == path && again->query == request->query);
  return 0;
}
