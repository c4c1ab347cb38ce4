// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <array>
#include <string_view>

#include "base/config/config.h"
#include "base/mask.h"

namespace tracseq::config {
namespace {

constexpr std::array<std::string_view, 6> kDatabaseSchemes = {
    "sqlite:///", "postgresql://", "postgres://", "http://", "https://", "sqlite://:memory:"};

bool starts_with_any(std::string_view text) {
  for (const auto scheme : kDatabaseSchemes)
    if (text.starts_with(scheme) && text.size() > scheme.size() - (scheme.ends_with(":") ? 1 : 0))
      return true;
  return false;
}

// Checks the fields one at a time: check_fields stops at the first fault, a user wants them all.
void check_section(const Field& section, const void* object, std::vector<Error>& faults) {
  const TypeInfo& type = section.type();
  for (const Field& field : type.fields) {
    TypeInfo one = type;
    one.fields = {field};
    if (auto checked = check_fields(one, object, section.name); !checked)
      faults.push_back(std::move(checked).error());
  }
}

// An address as a message may show it: its password masked, and whatever is no address not at all if it may
// hold one.
std::string shown(const std::string& address) {
  const bool unsafe = address.find("://") == std::string::npos &&
                      address.find_first_of("@= ") != std::string::npos;  // "host=h password=p"
  return unsafe ? "***" : mask_password(address);
}

void check_together(const Config& config, std::vector<Error>& faults) {
  if (!config.database.url.empty() && !starts_with_any(config.database.url))
    faults.push_back({Code::invalid,
                      fmt::format("database.url is '{}'; it must begin with sqlite:///, postgresql://, "
                                  "http:// or https://",
                                  shown(config.database.url)),
                      {},
                      "database.url"});
  if (config.database.max_connections >= 1 && config.database.pool_size > config.database.max_connections)
    faults.push_back(
        {Code::invalid,
         fmt::format("database.pool_size is {}; it must not exceed database.max_connections, which is {}",
                     config.database.pool_size, config.database.max_connections),
         {},
         "database.pool_size"});
  const auto& redis = config.cache.redis_url;
  if (redis && !redis->starts_with("redis://") && !redis->starts_with("rediss://"))
    faults.push_back(
        {Code::invalid,
         fmt::format("cache.redis_url is '{}'; it must begin with redis:// or rediss://", shown(*redis)),
         {},
         "cache.redis_url"});
}

}  // namespace

std::vector<Error> validate(const Config& config) {
  std::vector<Error> faults;
  for (const Field& section : type_info<Config>().fields) {
    if (section.type().kind != Kind::object) continue;
    check_section(section, section.get(const_cast<Config*>(&config)), faults);
  }
  check_together(config, faults);
  return faults;
}

std::vector<Error> validate(const Json& document) {
  std::vector<Error> faults;
  Config config;
  for (const Field& section : type_info<Config>().fields) {
    const Json* values = document.find(section.name);
    if (values == nullptr || section.type().kind != Kind::object) continue;
    for (const Field& field : section.type().fields) {
      const Json* value = values->find(field.name);
      if (value == nullptr) continue;
      const std::string key = fmt::format("{}.{}", section.name, field.name);
      if (auto read = read_value(field, key, *value, field.get(section.get(&config))); !read)
        faults.push_back(std::move(read).error());
    }
  }
  const std::vector<Error> ranges = validate(config);
  faults.insert(faults.end(), ranges.begin(), ranges.end());
  return faults;
}

}  // namespace tracseq::config
