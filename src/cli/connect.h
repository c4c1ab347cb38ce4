// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "api/client.h"
#include "api/core.h"
#include "cli/command.h"

namespace tracseq::cli {

// A way to the data for one command: a server's URL or the database itself, whichever the options name; with
// neither, the server on 127.0.0.1:8080 if one answers there, else the configured database.
class Connection {
 public:
  // What becomes of a database's file that is not there: who only asks makes none (`not_found`).
  enum class Missing { make, refuse };
  static Result<std::unique_ptr<Connection>> open(const Invocation& in, Missing missing = Missing::make);
  api::Client& client() { return *client_; }
  // The core, where the command works on the database itself; null on a server.
  [[nodiscard]] api::Core* embedded() { return core_.get(); }
  Result<std::string> call(api::Method method, const std::string& path_and_query,
                           const std::string& body = {}) {
    return client_->call(method, path_and_query, body);
  }

 private:
  Connection() = default;
  std::unique_ptr<api::Core> core_;
  std::unique_ptr<api::Client> client_;
};

// One value of a path or query, percent-encoded.
std::string encode(std::string_view text);
// "?a=1&b=2" from the given pairs; empty values are left out.
std::string query_of(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace tracseq::cli
