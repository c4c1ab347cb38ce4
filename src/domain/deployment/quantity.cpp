// SPDX-License-Identifier: MIT
#include "domain/deployment/quantity.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace tracseq::deployment {
namespace {

constexpr double kCoresMax = 4'096;
constexpr double kBytesMax = 1e15;

struct Amount {
  double value = 0;
  std::string_view unit;
};

std::optional<Amount> split(std::string_view text) {
  Amount amount;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), amount.value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(amount.value)) return std::nullopt;
  amount.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return amount;
}

tl::unexpected<Error> refuse(const std::string& field, const std::string& text, const char* allowed) {
  return fail_field(field, fmt::format("{} is '{}'; it must be {}", field, text, allowed));
}

}  // namespace

Result<double> cores_of(const std::string& field, const std::string& text) {
  constexpr const char* kAllowed = "cores above 0, such as \"2\", \"0.5\" or \"500m\"";
  const auto amount = split(text);
  if (!amount || (!amount->unit.empty() && amount->unit != "m")) return refuse(field, text, kAllowed);
  const double cores = amount->unit.empty() ? amount->value : amount->value / 1000;
  if (cores <= 0 || cores > kCoresMax) return refuse(field, text, kAllowed);
  return cores;
}

Result<std::int64_t> bytes_of(const std::string& field, const std::string& text) {
  constexpr const char* kAllowed = "bytes above 0, such as \"1073741824\", \"512Mi\" or \"2G\"";
  static constexpr std::array<std::pair<std::string_view, double>, 9> kUnits{{{"", 1},
                                                                              {"k", 1e3},
                                                                              {"Ki", 0x1p10},
                                                                              {"M", 1e6},
                                                                              {"Mi", 0x1p20},
                                                                              {"G", 1e9},
                                                                              {"Gi", 0x1p30},
                                                                              {"T", 1e12},
                                                                              {"Ti", 0x1p40}}};
  const auto amount = split(text);
  if (!amount) return refuse(field, text, kAllowed);
  for (const auto& [unit, factor] : kUnits) {
    if (amount->unit != unit) continue;
    const double bytes = amount->value * factor;
    if (bytes < 1 || bytes > kBytesMax) break;
    return static_cast<std::int64_t>(bytes);
  }
  return refuse(field, text, kAllowed);
}

Result<Limits> limits_of(const std::string& field, const std::map<std::string, std::string>& amounts) {
  Limits limits;
  for (const auto& [key, text] : amounts) {
    const std::string place = field + "." + key;
    if (key == "cpu") {
      TRACSEQ_TRY(limits.cpus, cores_of(place, text));
    } else if (key == "memory") {
      TRACSEQ_TRY(limits.memory_bytes, bytes_of(place, text));
    } else {
      return fail_field(place, fmt::format("{} has '{}'; it may have cpu and memory", field, key));
    }
  }
  return limits;
}

}  // namespace tracseq::deployment
