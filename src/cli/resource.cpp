// SPDX-License-Identifier: MIT
#include "cli/resource.h"

#include "cli/connect.h"

namespace tracseq::cli {

Result<void> show_list(const Invocation& in, const std::string& path, const std::vector<Shown>& columns,
                       const std::string& nothing) {
  TRACSEQ_TRY(const auto connection, Connection::open(in, Connection::Missing::refuse));
  TRACSEQ_TRY(const std::string body, connection->call(api::Method::get, path));
  print_list(in, body, columns, nothing);
  return {};
}

Result<void> show_one(const Invocation& in, api::Method method, const std::string& path,
                      const std::string& body) {
  const bool makes = method != api::Method::get && method != api::Method::del;
  TRACSEQ_TRY(const auto connection,
              Connection::open(in, makes ? Connection::Missing::make : Connection::Missing::refuse));
  TRACSEQ_TRY(const std::string answer, connection->call(method, path, body));
  print_object(in, answer);
  return {};
}

std::vector<Option> page_options() {
  return {{"limit", "N", "Rows a page", Takes::one, false, "50"},
          {"page-token", "TOKEN", "The next page, as the last one said"}};
}

std::string page_query(const Invocation& in, Pairs filters) {
  filters.emplace_back("limit", in.get("limit"));
  filters.emplace_back("page_token", in.get("page-token"));
  return query_of(filters);
}

Option reason_option() { return {"reason", "TEXT", "Why; goes into the audit trail"}; }

}  // namespace tracseq::cli
