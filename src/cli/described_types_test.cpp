// SPDX-License-Identifier: MIT
// Every described type of the program comes back from its JSON: random values are made from its table alone.
// The program's libraries are linked whole, so that no type is left out because nothing here uses it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <regex>

#include "base/describe.h"

namespace tracseq {
namespace {

constexpr int kRounds = 20;
constexpr int kDepthMax = 4;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  // JSON of a valid value of the type, as a peer could send it.
  Json make(const TypeInfo& type, const FieldDoc& doc, int depth) {
    switch (type.kind) {
      case Kind::boolean:
        return Json(chance(2));
      case Kind::int32:
        return Json(whole(doc, -2e9, 2e9));
      case Kind::int64:
        return Json(whole(doc, -9e15, 9e15));
      case Kind::float64:
        return floating(doc);
      case Kind::string:
        return Json(text(doc));
      case Kind::timestamp:
        return Json(format_rfc3339({static_cast<std::int64_t>(random_() % 4'000'000'000'000'000ULL)}));
      case Kind::json:
        return Json::object().set("k", Json::Array{Json(1), Json("x"), Json(0.5), Json(nullptr)});
      case Kind::blob:
        return Json("AP+A");
      case Kind::enumeration:
        return Json(type.enumerators[random_() % type.enumerators.size()].name);
      case Kind::optional:
        return depth > kDepthMax || chance(2) ? Json(nullptr) : make(type.element(), doc, depth);
      case Kind::array:
        return list(type, doc, depth);
      case Kind::map:
        return Json::object().set("key", make(type.element(), {}, depth + 1));
      case Kind::object:
        break;
    }
    Json object = Json::object();
    for (const Field& field : type.fields) object.set(field.name, make(field.type(), field.doc, depth + 1));
    return object;
  }

 private:
  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  double number(const FieldDoc& doc, double low, double high) {
    low = std::max(low, doc.min);
    high = std::min(high, doc.max);
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  std::int64_t whole(const FieldDoc& doc, double low, double high) {
    const double least = std::ceil(std::max(low, doc.min));
    const double most = std::floor(std::min(high, doc.max));
    return std::uniform_int_distribution<std::int64_t>(static_cast<std::int64_t>(least),
                                                       static_cast<std::int64_t>(most))(random_);
  }
  Json floating(const FieldDoc& doc) {
    const bool bounded = std::isfinite(doc.min) || std::isfinite(doc.max);
    if (!bounded && chance(4)) return Json(chance(2) ? "NaN" : "-Infinity");
    return Json(number(doc, -1e300, 1e300));
  }
  std::string text(const FieldDoc& doc) {
    std::string out = "é\"\\\n" + std::to_string(random_());
    if (out.size() > doc.length_max) out = std::string(doc.length_max, 'x');
    while (out.size() < doc.length_min) out += 'x';
    return out;
  }
  Json list(const TypeInfo& type, const FieldDoc& doc, int depth) {
    Json out = Json::array();
    const std::size_t wanted = depth > kDepthMax ? 0 : random_() % 3;
    const std::size_t count = std::clamp(wanted, doc.length_min, std::max(doc.length_min, doc.length_max));
    for (std::size_t i = 0; i < count; ++i) out.push_back(make(type.element(), {}, depth + 1));
    return out;
  }

  std::mt19937_64 random_;
};

// The document without what says "absent".
Json without_nulls(const Json& value) {
  if (const Json::Array* items = value.as_array()) {
    Json out = Json::array();
    for (const Json& item : *items) out.push_back(without_nulls(item));
    return out;
  }
  const Json::Object* members = value.as_object();
  if (members == nullptr) return value;
  Json out = Json::object();
  for (const auto& [name, member] : *members)
    if (!member.is_null()) out.set(name, without_nulls(member));
  return out;
}

std::string canonical(const std::string& text) {
  const auto document = parse_json(text);
  EXPECT_TRUE(document) << text;
  return document ? canonical_json(without_nulls(*document)) : "";
}

// The names in TRACSEQ_DEFINE_TYPE and TRACSEQ_DEFINE_ENUM below src/, with how often each is there. Not the
// tests' and fuzzers' own, and not the Python extension's, which is another program.
std::map<std::string, int> defined_in_sources() {
  const std::regex definition(R"(^TRACSEQ_DEFINE_(?:TYPE|ENUM)\(\s*(\w+))", std::regex::multiline);
  std::map<std::string, int> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRACSEQ_SOURCE_DIR)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".cpp") || path.ends_with("_test.cpp") || path.find("/fuzz_") != std::string::npos ||
        path.find("/python/") != std::string::npos)
      continue;
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (std::sregex_iterator at(text.begin(), text.end(), definition), end; at != end; ++at)
      ++names[(*at)[1].str()];
  }
  return names;
}

TEST(DescribedTypes, AreAllThatTheSourcesDefine) {
  std::map<std::string, int> linked;
  for (const TypeInfo* type : described_types()) ++linked[type->name];
  const auto defined = defined_in_sources();
  EXPECT_GT(defined.size(), 200U);
  for (const auto& [name, times] : defined) EXPECT_GE(linked[name], times) << name << " is not linked here";
}

TEST(DescribedTypes, NamesAreUniqueAndFieldsNamed) {
  const auto types = described_types();
  EXPECT_FALSE(types.empty());
  for (const TypeInfo* type : types) {
    EXPECT_NE(std::string_view(type->name), "");
    EXPECT_TRUE(type->kind != Kind::enumeration || !type->enumerators.empty()) << type->name;
    for (std::size_t i = 0; i < type->fields.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_STRNE(type->fields[i].name, type->fields[j].name) << type->name;
  }
}

TEST(DescribedTypes, ComeBackFromTheirJson) {
  for (const TypeInfo* type : described_types()) {
    if (type->kind != Kind::object) continue;
    ASSERT_NE(type->create, nullptr) << type->name;
    for (int round = 0; round < kRounds; ++round) {
      Maker maker(static_cast<std::uint64_t>(round));
      const std::string sent = dump_json(maker.make(*type, {}, 0));
      const auto value = type->create();
      const auto read = from_json(*type, std::string_view(sent), value.get());
      EXPECT_TRUE(read) << type->name << ": " << read.error().message << "\n" << sent;
      const std::string written = to_json(*type, value.get());
      EXPECT_EQ(canonical(written), canonical(sent)) << type->name;
      const auto again = type->create();
      ASSERT_TRUE(from_json(*type, std::string_view(written), again.get())) << type->name << "\n" << written;
      EXPECT_EQ(to_json(*type, again.get()), written) << type->name;
    }
  }
}

}  // namespace
}  // namespace tracseq
