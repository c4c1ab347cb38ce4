// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/config/config.h"
#include "base/json_fault.h"
#include "base/nearest.h"

namespace tracseq::config {
namespace {

constexpr std::size_t kShownValueMax = 80;
constexpr std::string_view kDefaultSection = "default";
constexpr std::string_view kVariablePrefix = "MLOPS_";
constexpr std::size_t kSlipsMax = 5;  // of the pen, in a name as long as these

struct Place {
  const Field* field;  // null: there is no such key
  void* value;
};

// "monitoring.dashboard_dir" -> the field in the settings.
Place find_key(Config& config, std::string_view key) {
  const auto dot = key.find('.');
  if (dot == std::string_view::npos) return {nullptr, nullptr};
  for (const Field& section : type_info<Config>().fields) {
    if (section.name != key.substr(0, dot) || section.type().kind != Kind::object) continue;
    for (const Field& field : section.type().fields)
      if (field.name == key.substr(dot + 1)) return {&field, field.get(section.get(&config))};
  }
  return {nullptr, nullptr};
}

std::string field_names(const TypeInfo& type) {
  std::string names;
  for (const Field& field : type.fields) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

std::string section_names() {
  std::string names;
  for (const Field& field : type_info<Config>().fields)
    if (field.type().kind == Kind::object) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

}  // namespace

Result<void> read_value(const Field& field, const std::string& key, const Json& value, void* place) {
  Json wrapped = Json::object();
  wrapped.set(key, value);
  // The field's own place is the object: the getter is the identity.
  TypeInfo one{Kind::object, "settings", {}, {}};
  one.fields.push_back({key.c_str(), field.type, [](void* o) { return o; }, {key.c_str()}});
  return from_json(one, wrapped, place);
}

Result<Json> read_settings_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::invalid, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax)
    return fail(Code::too_large, fmt::format("{} has more than {} bytes", path, kFileBytesMax));
  auto document = parse_json(text, path);
  if (document) return document;
  // A key twice, or an empty file: the parser's message tells names and sizes only.
  const auto fault = find_json_fault(text, ShownValues::no);
  if (!fault || text.empty()) return document;
  return fail(document.error().code,
              fmt::format("{} {} at {}", fault->subject.empty() ? path : path + ": " + fault->subject,
                          fault->why, fault->place));
}

namespace {

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {
    loaded_.config = defaults(sources.environment);
    for (const Field& section : type_info<Config>().fields)
      for (const Field& field : section.type().fields)
        loaded_.origins[fmt::format("{}.{}", section.name, field.name)] = "default";
    loaded_.origins["environment"] = "default";
  }

  Result<Loaded> run() {
    TRACSEQ_CHECK(read_file());
    for (const Variable& variable : variables()) {
      const auto found = sources_.variables.find(variable.name);
      if (found != sources_.variables.end() && !found->second.empty())
        set_text(variable.key, found->second, fmt::format("variable {}", variable.name));
    }
    for (const auto& [key, text] : sources_.flags) set_text(key, text, "flag");
    // A pool nobody asked for follows the limit somebody set.
    DatabaseConfig& database = loaded_.config.database;
    if (loaded_.origins["database.pool_size"] == "default" && database.max_connections >= 1)
      database.pool_size = std::min(database.pool_size, database.max_connections);
    if (faults_.empty()) check_ranges();
    if (faults_.empty()) return std::move(loaded_);
    return fail(join_faults());
  }

 private:
  Result<void> read_file() {
    std::error_code error;
    const auto status = std::filesystem::status(sources_.path, error);
    if (status.type() == std::filesystem::file_type::not_found) return {};
    if (status.type() == std::filesystem::file_type::directory)
      return fail(Code::invalid, fmt::format("{} is a folder; a settings file is expected", sources_.path));
    TRACSEQ_TRY(const Json document, read_settings_file(sources_.path));
    if (!document.is_object())
      return fail(Code::invalid, fmt::format("{} must hold an object with sections", sources_.path));
    read_sections(*document.as_object());
    return {};
  }

  // The section `default` first, whatever the order in the file. All sections are checked, also those not
  // used now.
  void read_sections(const Json::Object& sections) {
    const TypeInfo& environments = type_info<Environment>();
    const auto wanted = enum_name(sources_.environment);
    for (const auto& [name, section] : sections) {
      const bool known = name == kDefaultSection ||
                         std::any_of(environments.enumerators.begin(), environments.enumerators.end(),
                                     [&n = name](const Enumerator& e) { return n == e.name; });
      if (!known)
        fault(name,
              fmt::format("{}: unknown section '{}'; allowed: default, development, staging, production",
                          sources_.path, name.substr(0, kShownValueMax)));
    }
    for (const auto& [name, section] : sections)
      if (name == kDefaultSection) read_section(section, name, loaded_.config, true);
    for (const auto& [name, section] : sections) {
      if (name == kDefaultSection) continue;
      Config unused;
      read_section(section, name, name == wanted ? loaded_.config : unused, name == wanted);
    }
  }

  void read_section(const Json& section, const std::string& name, Config& into, bool used) {
    const std::string origin = fmt::format("file {}, section {}", sources_.path, name);
    const Json::Object* groups = section.as_object();
    if (groups == nullptr) return fault(name, fmt::format("{}: it must be an object", origin));
    for (const auto& [group, values] : *groups) {
      if (group == "environment") {
        if (values.as_string() == nullptr || (name != kDefaultSection && *values.as_string() != name))
          fault(group,
                fmt::format("{}: environment is {}; it must be \"{}\"", origin, dump_json(values), name));
        continue;
      }
      if (section_names().find(group) == std::string::npos || !is_group(group)) {
        fault(group, fmt::format("{}: unknown key '{}'; allowed: {}", origin, group.substr(0, kShownValueMax),
                                 section_names()));
        continue;
      }
      if (!values.is_object()) {
        fault(group, fmt::format("{}: {} is {}; it must be an object", origin, group, shown(values)));
        continue;
      }
      for (const auto& [key, value] : *values.as_object())
        set_json(into, used, fmt::format("{}.{}", group, key), value, origin);
    }
  }

  static bool is_group(std::string_view name) {
    const auto& fields = type_info<Config>().fields;
    return std::any_of(fields.begin(), fields.end(),
                       [&](const Field& f) { return name == f.name && f.type().kind == Kind::object; });
  }

  void set_json(Config& config, bool used, const std::string& key, const Json& value,
                const std::string& origin) {
    const Place place = known(config, key, origin);
    if (place.field == nullptr) return;
    if (auto read = read_value(*place.field, key, value, place.value); !read)
      return fault(key, fmt::format("{}: {}", origin, hide(*place.field, key, read.error().message, &value)));
    if (used) loaded_.origins[key] = origin;
  }

  void set_text(const std::string& key, const std::string& text, const std::string& origin) {
    const Place place = known(loaded_.config, key, origin);
    if (place.field == nullptr) return;
    // A variable and a flag are any bytes; a setting is text that can be shown and sent.
    if (!is_utf8(text)) return fault(key, fmt::format("{}: {} is not valid UTF-8", origin, key));
    if (auto read = from_text(place.field->type(), key, text, place.value); !read)
      return fault(key, fmt::format("{}: {}", origin, hide(*place.field, key, read.error().message)));
    loaded_.origins[key] = origin;
  }

  Place known(Config& config, const std::string& key, const std::string& origin) {
    const Place place = find_key(config, key);
    if (place.field != nullptr) return place;
    const std::string group = key.substr(0, key.find('.'));
    std::string allowed = section_names();
    for (const Field& section : type_info<Config>().fields)
      if (section.name == group) allowed = field_names(section.type());
    fault(key,
          fmt::format("{}: unknown key '{}'; allowed: {}", origin, key.substr(0, kShownValueMax), allowed));
    return place;
  }

  void check_ranges() {
    for (Error& error : validate(loaded_.config)) {
      const auto origin = loaded_.origins.find(error.field);
      if (origin != loaded_.origins.end())
        error.message = fmt::format("{}: {}", origin->second, error.message);
      faults_.push_back(std::move(error));
    }
  }

  void fault(const std::string& key, std::string message) {
    faults_.push_back({Code::invalid, std::move(message), {}, key});
  }

  [[nodiscard]] Error join_faults() const {
    Error all{Code::invalid, "the settings are wrong: ", {}, faults_.front().field};
    for (const Error& one : faults_) all.message += (&one == faults_.data() ? "" : "; ") + one.message;
    return all;
  }

  // A secret's value never stands in a message, but for what can be no address in the place of one.
  static std::string hide(const Field& field, const std::string& key, const std::string& message,
                          const Json* value = nullptr) {
    if (!field.doc.secret) return message;
    const bool harmless = value != nullptr && key.ends_with("url") && value->as_string() == nullptr &&
                          !value->is_object() && !value->is_array();
    return harmless ? fmt::format("{} is {}; it must be text", key, dump_json(*value))
                    : fmt::format("{} has a value of the wrong kind; it must be text", key);
  }

  static std::string shown(const Json& value) {
    const std::string text = dump_json(value);
    return text.size() > kShownValueMax ? text.substr(0, kShownValueMax) + "…" : text;
  }

  const Sources& sources_;
  Loaded loaded_;
  std::vector<Error> faults_;
};

}  // namespace

TRACSEQ_DEFINE_TYPE(Loaded)

const std::vector<Variable>& variables() {
  static const std::vector<Variable> all = {
      {"MLOPS_DATABASE_URL", "database.url"},
      {"MLOPS_MAX_CONNECTIONS", "database.max_connections"},
      {"MLOPS_REDIS_URL", "cache.redis_url"},
      {"MLOPS_REGISTRY_PATH", "model_registry.registry_path"},
      {"MLOPS_TRACKING_DIR", "experiment_tracking.tracking_dir"},
      {"MLOPS_DATA_DIR", "data_pipeline.data_dir"},
      {"MLOPS_MONITORING_DIR", "monitoring.dashboard_dir"},
      {"MLOPS_CONTAINER_REGISTRY", "deployment.container_registry_url"},
      {"MLOPS_KUBERNETES_CONFIG", "deployment.kubernetes_config_path"},
      {"MLOPS_JWT_SECRET", "security.jwt_secret_key"},
      {"MLOPS_API_KEY", "security.api_key"},
      {"MLOPS_HEALTH_CHECK_INTERVAL", "monitoring.health_check_interval_seconds"},
      {"MLOPS_ERROR_THRESHOLD", "monitoring.default_error_threshold"},
      {"MLOPS_QUALITY_THRESHOLD", "continuous_learning.quality_threshold"},
  };
  return all;
}

std::vector<std::string> warnings_of(const std::map<std::string, std::string>& given) {
  // Those that are no settings: whose settings hold, and what the programs and their tests read themselves.
  std::vector<std::string> known{"MLOPS_ENVIRONMENT", "MLOPS_SERVER"};
  for (const Variable& variable : variables()) known.emplace_back(variable.name);
  std::vector<std::string> warnings;
  for (const auto& [name, value] : given) {
    if (!name.starts_with(kVariablePrefix) || std::find(known.begin(), known.end(), name) != known.end())
      continue;
    const std::string guess = nearest(name, known, kSlipsMax);
    warnings.push_back(fmt::format("the variable {} is read by nothing{}", name.substr(0, kShownValueMax),
                                   guess.empty() ? "" : fmt::format("; did you mean {}?", guess)));
  }
  return warnings;
}

Result<Loaded> load(const Sources& sources) {
  TRACSEQ_TRY(Loaded loaded, Loader(sources).run());
  loaded.warnings = warnings_of(sources.variables);
  if (std::string unused = unused_warning(loaded); !unused.empty())
    loaded.warnings.push_back(std::move(unused));
  return loaded;
}

Result<Environment> environment_of(const std::map<std::string, std::string>& variables) {
  const auto found = variables.find("MLOPS_ENVIRONMENT");
  if (found == variables.end() || found->second.empty()) return Environment::development;
  return enum_from<Environment>("MLOPS_ENVIRONMENT", found->second);
}

}  // namespace tracseq::config
