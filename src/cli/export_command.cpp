// SPDX-License-Identifier: MIT
// tracseq export
#include <fmt/core.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/files.h"
#include "cli/output.h"

namespace tracseq::cli {
namespace {

constexpr auto kExportMax = std::chrono::hours{4};

Result<void> export_list(const Invocation& in) {
  std::vector<std::pair<std::string, std::string>> query{{"format", in.get("format")}};
  for (const std::string& filter : in.all("filter")) {
    const auto equals = filter.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail_field("filter", fmt::format("--filter is '{}'; it must be NAME=VALUE", filter));
    query.emplace_back(filter.substr(0, equals), filter.substr(equals + 1));
  }
  const std::string output = in.get("output", "-");
  if (output == "-" && in.get("format") == "parquet" && isatty(STDOUT_FILENO) != 0)
    return fail_field("output", "Parquet is not for a terminal: give --output FILE");
  TRACSEQ_TRY(const auto connection, Connection::open(in, Connection::Missing::refuse));
  TRACSEQ_TRY(api::Request request,
              api::make_request(api::Method::get,
                                "/api/v1/export/" + api::percent_encode(in.words[0], "/") + query_of(query)));
  TRACSEQ_TRY(api::Response response, connection->client().send(std::move(request), kExportMax));
  if (response.status >= 300) return fail(api::error_of(response.status, response.body));
  TRACSEQ_TRY(const std::uint64_t bytes, write_answer(response, output));
  if (output != "-") say(in, fmt::format("{} bytes written to {}", bytes, output));
  return {};
}

}  // namespace

std::vector<Command> export_commands() {
  return {
      {"export",
       "",
       "Write a whole list as CSV, JSON lines or Parquet: runs, experiments, models, alerts, pipeline-runs …",
       {"LIST"},
       with(connection_options(),
            {{"format", "csv|json|parquet", "The form", Takes::one, false, "csv"},
             {"output", "FILE", "Where to; '-' is standard output", Takes::one, false, "-", "", "o"},
             {"filter", "NAME=VALUE", "As the list itself takes them, e.g. status=completed", Takes::many}}),
       export_list}};
}

}  // namespace tracseq::cli
