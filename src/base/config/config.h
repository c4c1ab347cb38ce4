// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config/types.h"
#include "base/result.h"

namespace tracseq::config {

inline constexpr const char* kFileName = "mlops_config.json";
inline constexpr std::size_t kFileBytesMax = 1UL << 20;

// Where settings come from, weakest first: defaults of the environment, the file's section `default`, its
// section of the environment, MLOPS_… variables, flags. The variables are given, not read, so that this is
// testable.
struct Sources {
  std::string path = kFileName;  // a file that does not exist means defaults
  Environment environment = Environment::development;
  std::map<std::string, std::string>
      variables;                             // the whole process environment; an empty value counts as unset
  std::map<std::string, std::string> flags;  // dotted key -> text, e.g. {"database.url", "sqlite:///x.db"}
};

struct Loaded {
  Config config;
  // Dotted key -> where its value came from: "default", "file PATH, section production", "variable
  // MLOPS_DATA_DIR", "flag". Every key is there.
  std::map<std::string, std::string> origins;
  // What is no error but most likely a slip: variables that begin with MLOPS_ and are read by nothing, each
  // with the name nearest to it.
  std::vector<std::string> warnings;
};
TRACSEQ_DESCRIBE(Loaded, (config, origins, warnings))

// A variable that settings are read from, and the key it sets.
struct Variable {
  const char* name;
  const char* key;
};
const std::vector<Variable>& variables();

// `invalid` lists every unknown key and every value that is wrong or out of range, each with its origin, the
// value (secrets are not shown) and what is allowed. `too_large` beyond kFileBytesMax.
Result<Loaded> load(const Sources& sources);

// Every fault of the settings, in the order of the keys; empty: none.
std::vector<Error> validate(const Config& config);
// The same for settings as JSON (sections and their values), where values may also be of a wrong kind.
std::vector<Error> validate(const Json& document);

// Loaded::warnings of these variables.
std::vector<std::string> warnings_of(const std::map<std::string, std::string>& variables);

// Whether nothing in this version follows the setting "section.name": it is read, checked and kept.
bool not_used_yet(std::string_view key);
// Names those of them that were given another value than their default; empty if there are none.
std::string unused_warning(const Loaded& loaded);

// Reads one setting through a table of one field, so that a message has the key's whole name. Kind only, no
// range.
Result<void> read_value(const Field& field, const std::string& key, const Json& value, void* place);

// A settings file as JSON. `invalid` if it cannot be read or is no JSON: no message tells what stands in it,
// for that may be a secret. `too_large` beyond kFileBytesMax. Also reads what is no regular file (a pipe) and
// so has no size to ask for.
Result<Json> read_settings_file(const std::string& path);

// Writes the settings as the file's section of their environment; other sections stay. The file is replaced
// in one step and readable by its owner alone, since it may hold secrets. Missing folders are made. `invalid`
// if the settings have faults or the file there is no settings file (it is left as it is).
Result<void> save(const std::string& path, const Config& config);

// MLOPS_ENVIRONMENT, else development. `invalid` lists what is allowed.
Result<Environment> environment_of(const std::map<std::string, std::string>& variables);

}  // namespace tracseq::config
