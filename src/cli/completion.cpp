// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// "auto|on|off" -> auto, on, off; anything else has no list of values.
std::vector<std::string> values_of(const Option& option) {
  std::vector<std::string> values;
  if (option.value.find('|') == std::string::npos) return values;
  for (std::size_t at = 0; at <= option.value.size();) {
    const std::size_t end = std::min(option.value.find('|', at), option.value.size());
    values.push_back(option.value.substr(at, end - at));
    at = end + 1;
  }
  return values;
}

std::vector<std::string> flags_of(const Command& command) {
  std::vector<std::string> flags;
  for (const Option& option : command.options) flags.push_back("--" + option.name);
  flags.insert(flags.end(), {"--json", "--quiet", "--help"});
  return flags;
}

std::vector<std::string> nouns_of(const std::vector<Command>& commands) {
  std::vector<std::string> nouns;
  for (const Command& command : commands)
    if (std::find(nouns.begin(), nouns.end(), command.noun) == nouns.end()) nouns.push_back(command.noun);
  return nouns;
}

std::vector<std::string> verbs_of(const std::vector<Command>& commands, const std::string& noun) {
  std::vector<std::string> verbs;
  for (const Command& command : commands)
    if (command.noun == noun && !command.verb.empty()) verbs.push_back(command.verb);
  return verbs;
}

// A shell function's body in the language that bash and zsh share: sets `found` to the words that may come
// next. `first` and `second` are the command's words, `before` the word before, `place` which word is
// completed (1: the noun).
std::string choose(const std::vector<Command>& commands) {
  std::string text = "  local found=\n";
  text += fmt::format("  if [ \"$place\" = 1 ]; then found=\"{}\"; fi\n", joined(nouns_of(commands)));
  text += "  if [ \"$place\" = 2 ]; then\n    case $first in\n";
  for (const std::string& noun : nouns_of(commands))
    if (const auto verbs = verbs_of(commands, noun); !verbs.empty())
      text += fmt::format("      {}) found=\"{}\" ;;\n", noun, joined(verbs));
  text += "    esac\n  fi\n  if [ -z \"$found\" ]; then\n    case \"$first $second\" in\n";
  for (const Command& command : commands)
    text += fmt::format("      \"{}{}\"{}) found=\"{}\" ;;\n", command.noun,
                        command.verb.empty() ? " " : " " + command.verb, command.verb.empty() ? "*" : "",
                        joined(flags_of(command)));
  text += "    esac\n    case \"$first $second $before\" in\n";
  for (const Command& command : commands)
    for (const Option& option : command.options) {
      if (option.takes == Takes::nothing) continue;
      const auto values = values_of(option);
      text += fmt::format("      \"{}{}\"{}\" --{}\") found=\"{}\" ;;\n", command.noun,
                          command.verb.empty() ? " " : " " + command.verb, command.verb.empty() ? "*" : "",
                          option.name, joined(values));
    }
  return text + "    esac\n  fi\n";
}

std::string for_bash(const std::vector<Command>& commands) {
  return "# bash completion of tracseq: source <(tracseq completion)\n_tracseq() {\n"
         "  local first=${COMP_WORDS[1]} second=${COMP_WORDS[2]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local place=$COMP_CWORD\n" +
         choose(commands) +
         "  COMPREPLY=($(compgen -W \"$found\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
         "complete -o default -F _tracseq tracseq\n";
}

std::string for_zsh(const std::vector<Command>& commands) {
  return "#compdef tracseq\n# zsh completion of tracseq: tracseq completion --shell zsh > "
         "\"${fpath[1]}/_tracseq\"\n"
         "_tracseq() {\n"
         "  local first=${words[2]} second=${words[3]} before=${words[CURRENT-1]} place=$((CURRENT - 1))\n" +
         choose(commands) +
         "  if [ -n \"$found\" ]; then compadd -- ${=found}; else _files; fi\n}\ncompdef _tracseq tracseq\n";
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string for_fish(const std::vector<Command>& commands) {
  std::string text =
      "# fish completion of tracseq: tracseq completion --shell fish > "
      "~/.config/fish/completions/tracseq.fish\n";
  for (const std::string& noun : nouns_of(commands)) {
    const auto first = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& command) { return command.noun == noun; });
    const std::string about = first->verb.empty() ? first->text : "Work with " + noun + " objects";
    text += fmt::format("complete -c tracseq -n __fish_use_subcommand -f -a {} -d {}\n", noun, quoted(about));
  }
  for (const Command& command : commands) {
    std::string when = "__fish_seen_subcommand_from " + command.noun;
    if (!command.verb.empty()) {
      text +=
          fmt::format("complete -c tracseq -n '{}; and not __fish_seen_subcommand_from {}' -f -a {} -d {}\n",
                      when, joined(verbs_of(commands, command.noun)), command.verb, quoted(command.text));
      when += "; and __fish_seen_subcommand_from " + command.verb;
    }
    for (const Option& option : command.options) {
      text += fmt::format("complete -c tracseq -n '{}' -l {}{} -d {}", when, option.name,
                          option.letter.empty() ? "" : " -s " + option.letter, quoted(option.text));
      if (option.takes != Takes::nothing) text += " -r";
      if (const auto values = values_of(option); !values.empty()) text += " -f -a " + quoted(joined(values));
      text += "\n";
    }
  }
  return text;
}

}  // namespace

Result<std::string> completion_script(const std::string& shell, const std::vector<Command>& commands) {
  if (shell == "bash") return for_bash(commands);
  if (shell == "zsh") return for_zsh(commands);
  if (shell == "fish") return for_fish(commands);
  return fail_field("shell", fmt::format("--shell is '{}'; it must be bash, zsh or fish", shell));
}

}  // namespace tracseq::cli
