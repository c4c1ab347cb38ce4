// SPDX-License-Identifier: MIT
#include "cli/running.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/config/config.h"
#include "storage/sql/url.h"

namespace tracseq::cli {
namespace {

using std::filesystem::path;

constexpr std::string_view kSqlite = "sqlite:///";

// What stands between zero bytes in a file of /proc; empty where it may not be read.
std::vector<std::string> texts_of(const path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::string> texts;
  for (std::string text; std::getline(in, text, '\0');) texts.push_back(text);
  return texts;
}

// The value of `--name value` or `--name=value`.
std::string option_of(const std::vector<std::string>& words, const std::string& name) {
  const std::string flag = "--" + name;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == flag && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(flag + "=")) return words[i].substr(flag.size() + 1);
  }
  return {};
}

// What the process would read from its settings.
std::string database_in_settings(const std::vector<std::string>& words, const path& process,
                                 const path& folder) {
  config::Sources sources;
  for (const std::string& text : texts_of(process / "environ"))
    if (const auto equals = text.find('='); equals != std::string::npos)
      sources.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  if (words[1] == "model-server")
    if (const auto registry = sources.variables.find("MODEL_REGISTRY_URL");
        registry != sources.variables.end() && !registry->second.empty())
      return registry->second;
  if (const std::string given = option_of(words, "environment"); !given.empty())
    sources.variables["MLOPS_ENVIRONMENT"] = given;
  const auto environment = config::environment_of(sources.variables);
  if (!environment) return {};
  sources.environment = *environment;
  const std::string file = option_of(words, "config");
  sources.path = (folder / (file.empty() ? config::kFileName : file)).string();
  const auto loaded = config::load(sources);
  return loaded ? loaded->config.database.url : std::string();
}

std::string database_of(const std::vector<std::string>& words, const path& process) {
  std::error_code error;
  const path folder = std::filesystem::read_symlink(process / "cwd", error);
  if (error) return {};
  std::string url = option_of(words, words[1] == "model-server" ? "registry-url" : "database-url");
  if (url.empty()) url = database_in_settings(words, process, folder);
  if (url.starts_with(kSqlite)) {
    url = std::string(kSqlite) + (folder / url.substr(kSqlite.size())).string();
    if (const auto found = sql::parse_url(url)) url = std::string(kSqlite) + found->sqlite_path;
  }
  return sql::mask_password(url);
}

}  // namespace

std::vector<Running> find_running() {
  std::vector<Running> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    const auto exe = std::filesystem::read_symlink(entry.path() / "exe", error);
    if (error || !exe.filename().string().starts_with("tracseq")) continue;
    const auto words = texts_of(entry.path() / "cmdline");
    if (words.size() < 2 || (words[1] != "serve" && words[1] != "worker" && words[1] != "model-server"))
      continue;
    const std::string role = words[1] == "model-server" ? option_of(words, "role") : std::string();
    const bool drives = words[1] == "serve" || (words[1] == "worker" && std::find(words.begin(), words.end(),
                                                                                  "--drive") != words.end());
    found.push_back({static_cast<pid_t>(std::stol(name)), role.empty() ? words[1] : role, drives,
                     database_of(words, entry.path())});
  }
  return found;
}

}  // namespace tracseq::cli
