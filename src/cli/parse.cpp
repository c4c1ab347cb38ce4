// SPDX-License-Identifier: MIT
// From the table of commands to CLI11 and back; the only file that includes it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <list>
#include <system_error>

#include "base/json.h"
#include "base/log.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/version.h"

namespace tracseq::cli {
namespace {

// Where CLI11 puts what it read for one command.
struct Slots {
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> switches;
  std::map<std::string, std::string> words;
  std::map<std::string, std::vector<std::string>> repeated;  // a word that may be given several times
  bool json = false;
  bool quiet = false;
};

void add_option(CLI::App& app, const Option& option, Slots& slots) {
  const std::string flag = "--" + option.name + (option.letter.empty() ? "" : ",-" + option.letter);
  CLI::Option* added = nullptr;
  if (option.takes == Takes::nothing) {
    added = app.add_flag(flag, slots.switches[option.name], option.text);
  } else {
    added = app.add_option(flag, slots.values[option.name], option.text)->type_name(option.value);
    if (option.takes == Takes::one) added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (!option.fallback.empty()) added->default_str(option.fallback);
  }
  if (!option.variable.empty()) added->envname(option.variable);
  if (option.required) added->required();
}

void add_command(CLI::App& app, const Command& command, Slots& slots) {
  for (const std::string& word : command.words) {
    const bool repeated = word.ends_with("…");
    const std::string name = repeated ? word.substr(0, word.size() - std::string_view("…").size()) : word;
    // A list, even of one, would take the words after its own.
    if (repeated)
      app.add_option(name, slots.repeated[word], "")->required();
    else
      app.add_option(name, slots.words[word], "")->required();
  }
  for (const Option& option : command.options) add_option(app, option, slots);
  app.add_flag("--json", slots.json, "Print JSON for programs");
  app.add_flag("--quiet,-q", slots.quiet, "No progress, only results");
}

Invocation invocation_of(const Command& command, const Slots& slots) {
  Invocation in;
  in.json = slots.json;
  in.quiet = slots.quiet;
  for (const Option& option : command.options) {
    if (option.takes == Takes::nothing) {
      if (slots.switches.at(option.name)) in.values[option.name] = {"true"};
      continue;
    }
    const auto& given = slots.values.at(option.name);
    if (!given.empty())
      in.values[option.name] = given;
    else if (!option.fallback.empty())
      in.values[option.name] = {option.fallback};
  }
  for (const std::string& word : command.words) {
    if (const auto one = slots.words.find(word); one != slots.words.end())
      in.words.push_back(one->second);
    else
      for (const std::string& value : slots.repeated.at(word)) in.words.push_back(value);
  }
  return in;
}

// For words that are no option of the command: the nearest of those it has, if one is near.
std::string explain_extra(const Command& command, const std::vector<std::string>& extra) {
  std::vector<std::string> known{"json", "quiet", "help"};
  for (const Option& option : command.options) known.push_back(option.name);
  for (const std::string& word : extra) {
    if (!word.starts_with("--")) continue;
    const std::string typed = word.substr(2, word.find('=') - 2);
    const std::string guess = nearest(typed, known);
    return fmt::format(
        "tracseq: {} {} has no option --{}.{}\n", command.noun, command.verb, typed,
        guess.empty() ? " `--help` lists those it has." : fmt::format(" Did you mean --{}?", guess));
  }
  return {};
}

// Before CLI11 sees it: a word that is no command gets an answer that names the nearest one.
bool explain_unknown(int argc, char** argv, const std::vector<Command>& commands) {
  if (argc < 2 || argv[1][0] == '-') return false;
  std::vector<std::string> nouns;
  std::vector<std::string> verbs;
  for (const Command& command : commands) {
    nouns.push_back(command.noun);
    if (command.noun == argv[1] && !command.verb.empty()) verbs.push_back(command.verb);
  }
  const bool noun_known = std::find(nouns.begin(), nouns.end(), argv[1]) != nouns.end();
  if (noun_known && (verbs.empty() || argc < 3 || argv[2][0] == '-' ||
                     std::find(verbs.begin(), verbs.end(), argv[2]) != verbs.end()))
    return false;
  const std::string typed = noun_known ? argv[2] : argv[1];
  const std::string guess = nearest(typed, noun_known ? verbs : nouns);
  fmt::print(stderr, "tracseq: '{}' is no command{}{}.{}\n", typed, noun_known ? " of " : "",
             noun_known ? argv[1] : "",
             !guess.empty() ? fmt::format(" Did you mean `{}`?", guess)
                            : fmt::format(" `tracseq {}--help` lists them.",
                                          noun_known ? std::string(argv[1]) + " " : ""));
  return true;
}

void report(const Error& error, bool json) {
  if (json) {
    Json inner = Json::object();
    inner.set("code", code_name(error.code)).set("message", error.message);
    if (!error.field.empty()) inner.set("field", error.field);
    fmt::print(stderr, "{}\n", dump_json(Json::object().set("error", inner)));
    return;
  }
  fmt::print(stderr, "tracseq: {}\n", error.message);
  if (!error.detail.empty()) fmt::print(stderr, "  ({})\n", error.detail);
}

Exit output_failed(int error) {
  if (error != EPIPE)
    std::fprintf(stderr, "tracseq: standard output cannot be written: %s\n", std::strerror(error));
  return Exit::failure;
}

int parse_and_run(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace

Exit exit_of(Code code) noexcept {
  switch (code) {
    case Code::invalid:
    case Code::too_large:
      return Exit::usage;
    case Code::not_found:
      return Exit::not_found;
    case Code::conflict:
    case Code::precondition_failed:
      return Exit::conflict;
    case Code::unauthenticated:
    case Code::forbidden:
      return Exit::auth;
    case Code::deadline:
      return Exit::timeout;
    default:
      return Exit::failure;
  }
}

std::string Invocation::get(std::string_view name, std::string_view fallback) const {
  const auto found = values.find(name);
  return found == values.end() || found->second.empty() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Invocation::all(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

Result<std::int64_t> Invocation::integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                         std::int64_t max) const {
  const std::string text = get(name);
  if (text.empty()) return fallback;
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (*end != '\0' || value < min || value > max)
    return fail_field(std::string(name),
                      fmt::format("--{} is '{}'; it must be an integer from {} to {}", name, text, min, max));
  return value;
}

std::vector<Option> with(std::vector<Option> options, std::vector<Option> more) {
  std::move(more.begin(), more.end(), std::back_inserter(options));
  return options;
}

int run_program(int argc, char** argv, const std::vector<Command>& commands) {
  int status = static_cast<int>(Exit::failure);
  try {
    status = parse_and_run(argc, argv, commands);
  } catch (const std::system_error& error) {  // from fmt::print
    if (std::ferror(stdout) != 0) return static_cast<int>(output_failed(error.code().value()));
    if (std::ferror(stderr) == 0) throw;
  }
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written || status != 0) return status;
  return static_cast<int>(output_failed(errno != 0 ? errno : EIO));
}

namespace {

int parse_and_run(int argc, char** argv, const std::vector<Command>& commands) {
  if (explain_unknown(argc, argv, commands)) return static_cast<int>(Exit::usage);
  CLI::App app{"TracSeq MLOps: the whole life of a laboratory's models in one program", "tracseq"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.set_version_flag("--version", fmt::format("tracseq {}", kVersion), "The version");
  app.footer(
      "\nFirst steps:\n  tracseq serve                       start the server and the page on "
      "http://127.0.0.1:8080\n"
      "  tracseq run list                    what was trained\n  tracseq <command> --help            more of "
      "each\n");
  std::map<std::string, CLI::App*> nouns;
  std::list<Slots> slots;
  std::vector<std::pair<CLI::App*, Slots*>> apps;
  for (const Command& command : commands) {
    CLI::App* parent = &app;
    if (!command.verb.empty()) {
      CLI::App*& noun = nouns[command.noun];
      if (noun == nullptr)
        noun =
            app.add_subcommand(command.noun, "Work with " + command.noun + " objects")->require_subcommand(1);
      parent = noun;
    }
    CLI::App* sub = parent->add_subcommand(command.verb.empty() ? command.noun : command.verb, command.text);
    add_command(*sub, command, slots.emplace_back());
    apps.emplace_back(sub, &slots.back());
  }
  if (argc < 2) {
    fmt::print("{}", app.help());
    return static_cast<int>(Exit::usage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError& error) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (!apps[i].first->parsed()) continue;
      if (const std::string why = explain_extra(commands[i], apps[i].first->remaining()); !why.empty()) {
        fmt::print(stderr, "{}", why);
        return static_cast<int>(Exit::usage);
      }
    }
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!apps[i].first->parsed()) continue;
    if (!commands[i].serves)
      log::set_level(log::Level::warning);  // its log would only be noise beside its output
    auto done = commands[i].run(invocation_of(commands[i], *apps[i].second));
    if (done) return 0;
    report(done.error(), apps[i].second->json);
    return static_cast<int>(exit_of(done.error().code));
  }
  return static_cast<int>(Exit::usage);
}

}  // namespace
}  // namespace tracseq::cli
