// SPDX-License-Identifier: MIT
// Every case of tests/golden/stats/*.json: a function by name, its arguments, and what scipy, statsmodels,
// mpmath, R or the paper says, within the case's tolerance. tests/golden/stats/make.py writes them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "stats/call.h"

namespace tracseq::stats {
namespace {

constexpr double kTailLeast = 1e-250;  // smaller probabilities are compared as "as good as 0"
constexpr std::size_t kCasesLeast = 500;

std::filesystem::path folder() { return TRACSEQ_GOLDEN_DIR; }

Json read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  auto document = parse_json(text.str());
  EXPECT_TRUE(document) << path << ": " << document.error().message;
  return document ? *document : Json::object();
}

std::vector<Json> files() {
  std::vector<Json> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".json") out.push_back(read(entry.path()));
  return out;
}

std::vector<double> numbers(const Json& list, const Json& data) {
  std::vector<double> values;
  const Json& found = list.is_string() ? *data.find(list.string_or("")) : list;
  for (const Json& item : *found.as_array()) values.push_back(item.number_or(std::nan("")));
  return values;
}

// Within the tolerance of max(1, |wanted|), and small probabilities also to six digits of their own.
bool near(double got, double wanted, double tolerance) {
  if (std::isnan(wanted)) return std::isnan(got);
  if (std::isinf(wanted)) return got == wanted;
  if (!(std::abs(got - wanted) <= tolerance * std::max(1.0, std::abs(wanted)))) return false;
  if (wanted == 0 || std::abs(wanted) < kTailLeast || std::abs(wanted) > tolerance * 1e3) return true;
  return tolerance > 1e-8 || std::abs(got / wanted - 1) < 1e-6;
}

// Typed fields write what is not finite as a text.
double number_of(const Json& got) {
  const std::string text = got.string_or("");
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return got.number_or(-987654321);  // no case expects it
}

std::string differs(const Json& got, const Json& wanted, double tolerance, const std::string& path) {
  if (wanted.is_number()) {
    const double value = number_of(got);
    return near(value, wanted.number_or(0), tolerance)
               ? ""
               : fmt::format("{}: {:.17g}, expected {:.17g}; ", path, value, wanted.number_or(0));
  }
  std::string all;
  if (const auto* list = wanted.as_array(); list != nullptr) {
    const auto* ours = got.as_array();
    if (ours == nullptr || ours->size() != list->size()) return path + ": another length; ";
    for (std::size_t i = 0; i < list->size(); ++i)
      all += differs((*ours)[i], (*list)[i], tolerance, fmt::format("{}[{}]", path, i));
    return all;
  }
  if (const auto* members = wanted.as_object(); members != nullptr) {
    for (const auto& [name, value] : *members) {
      const Json* ours = got.find(name);
      all += ours == nullptr ? path + "." + name + " is missing; "
                             : differs(*ours, value, tolerance, path + "." + name);
    }
    return all;
  }
  return got == wanted ? "" : fmt::format("{}: {}, expected {}; ", path, dump_json(got), dump_json(wanted));
}

std::string run(const Json& one, const Json& data) {
  const std::string name = one.find("call")->string_or("");
  Arrays arrays;
  if (const Json* given = one.find("arrays"); given != nullptr)
    for (const auto& [key, list] : *given->as_object()) arrays[key] = numbers(list, data);
  const Json* options = one.find("options");
  const auto got = call(name, arrays, options != nullptr ? *options : Json::object());
  if (const Json* field = one.find("error"); field != nullptr)
    return !got && got.error().field == field->string_or("")
               ? ""
               : name + " did not refuse " + field->string_or("");
  if (!got) return name + ": " + got.error().message;
  return differs(*got, *one.find("expect"), one.find("tolerance")->number_or(0), name);
}

TEST(StatsGolden, EveryCaseIsMet) {
  std::size_t cases = 0;
  for (const Json& file : files())
    for (const Json& one : *file.find("cases")->as_array()) {
      ++cases;
      const std::string fault = run(one, *file.find("data"));
      EXPECT_EQ(fault, "") << dump_json(one);
    }
  EXPECT_GE(cases, kCasesLeast);
}

TEST(StatsGolden, EveryFunctionHasACase) {
  std::set<std::string, std::less<>> used;
  for (const Json& file : files())
    for (const Json& one : *file.find("cases")->as_array()) used.insert(one.find("call")->string_or(""));
  for (const std::string_view name : call_names()) EXPECT_TRUE(used.contains(name)) << name;
}

}  // namespace
}  // namespace tracseq::stats
