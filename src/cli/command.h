// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The command line as a table: every command is a row of noun, verb, options and a function. Parsing, --help
// and shell completion are made from it.
namespace tracseq::cli {

// Exit statuses; stable, documented in README.md.
enum class Exit { ok = 0, failure = 1, usage = 2, not_found = 3, conflict = 4, auth = 5, timeout = 124 };
Exit exit_of(Code code) noexcept;

enum class Takes { nothing, one, many };

struct Option {
  std::string name;   // "database-url"; shown as --database-url
  std::string value;  // what it takes, in capitals: "URL"; empty for a switch
  std::string text;
  Takes takes = Takes::one;
  bool required = false;
  std::string fallback{};  // shown and used when absent
  std::string variable{};  // environment variable read when absent
  std::string letter{};    // "o" where -o means the same
};

// What the user gave.
class Invocation {
 public:
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> words;  // positional
  bool json = false;               // --json
  bool quiet = false;              // --quiet: no progress

  [[nodiscard]] bool has(std::string_view name) const { return values.contains(name); }
  [[nodiscard]] std::string get(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  // `invalid` naming the option if it is no integer within the bounds.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                             std::int64_t max) const;
};

struct Command {
  std::string noun;  // "run"; or the whole command: "serve"
  std::string verb;  // "list"; empty for commands of one word
  std::string text;
  std::vector<std::string> words;  // names of the positional arguments, all required; "…" ends a repeated one
  std::vector<Option> options;
  std::function<Result<void>(const Invocation&)> run;
  bool serves = false;  // runs until it is told to stop; logs what it does
};

// All commands; one function per file of commands.
std::vector<Command> service_commands();     // serve, worker, ps, stop
std::vector<Command> tracking_commands();    // experiment, run
std::vector<Command> model_commands();       // model
std::vector<Command> data_commands();        // data
std::vector<Command> monitoring_commands();  // alert, threshold
std::vector<Command> deployment_commands();  // deploy, rollout
std::vector<Command> abtest_commands();      // abtest
std::vector<Command> export_commands();      // export
std::vector<Command> tool_commands();        // config, token, doctor, version, completion
std::vector<Command> all_commands();

// Where a client command finds the data: --server, --database-url.
std::vector<Option> connection_options();
std::vector<Option> with(std::vector<Option> options, std::vector<Option> more);

// Parses, runs and reports. Data goes to standard output, messages to standard error. What could not be
// written to standard output is a failure; a reader who left is one without words.
int run_program(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace tracseq::cli
