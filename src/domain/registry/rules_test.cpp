// SPDX-License-Identifier: MIT
#include "domain/registry/rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tracseq::registry {
namespace {

TEST(RegistryRules, TheNextVersionFollowsTheHighest) {
  EXPECT_EQ(next_version({}), "1.0.0");
  EXPECT_EQ(next_version({"draft", "v2", "2024-11-23"}), "1.0.0");
  EXPECT_EQ(next_version({"1.0.0"}), "1.0.1");
  EXPECT_EQ(next_version({"1.9.0", "1.10.0", "1.2.30"}), "1.10.1");
  EXPECT_EQ(next_version({"1.0.0", "2.0.0-rc.1"}), "2.0.0");
  EXPECT_EQ(next_version({"2.0.0-rc.1", "2.0.0"}), "2.0.1");
  EXPECT_EQ(next_version({"1.0.0+build.5"}), "1.0.1");
  EXPECT_EQ(next_version({"1.0", "1.0.0.0", "1.0.-1", "1.0.0-", " 1.0.0", "1.0.99999999999999999999"}),
            "1.0.0");
}

TEST(RegistryRules, OnlySomeMovesAreAllowed) {
  using enum ModelStatus;
  EXPECT_TRUE(may_move(staging, production));
  EXPECT_TRUE(may_move(production, staging));
  EXPECT_TRUE(may_move(archived, staging));
  for (const ModelStatus from : {training, validating, archived, failed})
    EXPECT_FALSE(may_move(from, production)) << enum_name(from);
  EXPECT_FALSE(may_move(production, failed));
}

TEST(RegistryRules, ProductionNeedsALowErrorRate) {
  ModelVersion version;
  version.status = ModelStatus::staging;
  for (const double good : {0.0, 0.049})
    EXPECT_TRUE(check_move((version.error_rate = good, version), ModelStatus::production)) << good;
  for (const double bad : {0.05, 1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    version.error_rate = bad;
    const auto refused = check_move(version, ModelStatus::production);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::precondition_failed);
  }
}

TEST(RegistryRules, NamesStandInUrls) {
  for (const char* good : {"lab_classifier", "größe", "a b", "1"}) EXPECT_TRUE(check_model_id(good)) << good;
  for (const char* bad : {"", "a/b", "a:b", "..", ".", "a\\b", "a\nb", "a%2fb"}) {
    ASSERT_FALSE(check_model_id(bad)) << bad;
    EXPECT_EQ(check_model_id(bad).error().field, "model_id");
  }
  EXPECT_TRUE(check_version("2024-11-23 final"));
  EXPECT_FALSE(check_version("1/2"));
  EXPECT_FALSE(check_version(std::string(101, '1')));
}

TEST(RegistryRules, TheOriginalMakesTheContent) {
  ModelVersion version;
  version.files = {{"model.pkl", FileRole::original, "a1", "d1", 1, {}, {}},
                   {"model.onnx", FileRole::onnx, "a2", "d2", 1, {}, {}}};
  const std::string digest = content_digest(version);
  version.files[1].digest = "converted again";
  version.files[0].artifact_id = "uploaded again";
  EXPECT_EQ(content_digest(version), digest);
  version.files[0].digest = "d3";
  EXPECT_NE(content_digest(version), digest);
  version.files[0].digest = "d1";
  version.requirements = {"numpy"};
  EXPECT_NE(content_digest(version), digest);
}

}  // namespace
}  // namespace tracseq::registry
