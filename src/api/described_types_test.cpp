// SPDX-License-Identifier: MIT
// Every described type of the program comes back from its JSON: random values are made from its table alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

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
      const auto again = type->create();
      ASSERT_TRUE(from_json(*type, std::string_view(written), again.get())) << type->name << "\n" << written;
      EXPECT_EQ(to_json(*type, again.get()), written) << type->name;
    }
  }
}

}  // namespace
}  // namespace tracseq
