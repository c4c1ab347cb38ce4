// SPDX-License-Identifier: MIT
#include "domain/serving/onnx_guard.h"

#include <gtest/gtest.h>

#include "domain/serving/testing.h"
#include "domain/serving/wire_reader.h"

namespace tracseq::serving {
namespace {

using testing::golden;

std::string reason(const std::string& bytes) {
  const auto facts = inspect_onnx(bytes_of(bytes));
  return facts ? std::string() : facts.error().message;
}

TEST(OnnxGuard, ReadsLabelsAndFeatureNames) {
  const std::string bytes = golden("linear");
  const auto facts = inspect_onnx(bytes_of(bytes));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->classes, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(facts->feature_names, (std::vector<std::string>{"a", "b", "c"}));
  const std::string text = golden("linear_text");
  EXPECT_EQ(inspect_onnx(bytes_of(text))->classes, (std::vector<std::string>{"reject", "approve"}));
}

TEST(OnnxGuard, RefusesWhatLiesOutsideTheFile) {
  EXPECT_NE(reason(golden("external_data")).find("outside the file"), std::string::npos);
}

TEST(OnnxGuard, RefusesForeignDomainsAndDeepGraphs) {
  EXPECT_NE(reason(golden("foreign_domain")).find("evil.example"), std::string::npos);
  EXPECT_NE(reason(golden("deep")).find("nest deeper"), std::string::npos);
}

TEST(OnnxGuard, RefusesWhatIsNoModel) {
  EXPECT_NE(reason("").find("no ONNX model"), std::string::npos);
  EXPECT_NE(reason("\x80\x04pickle").find("no ONNX model"), std::string::npos);
  EXPECT_NE(reason("{\"json\": 1}").find("no ONNX model"), std::string::npos);
}

TEST(OnnxGuard, EveryPrefixOfAModelIsJudgedWithoutReadingBeyondIt) {
  const std::string whole = golden("forest");
  ASSERT_FALSE(whole.empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string part(whole.data(),
                           size);  // its own allocation: a read beyond it is seen by the sanitizer
    (void)inspect_onnx(bytes_of(part));
  }
  EXPECT_TRUE(inspect_onnx(bytes_of(whole)));
}

TEST(OnnxGuard, RefusesATensorWhoseDimensionsLie) {
  // ModelProto{graph{initializer{dims: 2^40}}}
  const std::string tensor = std::string("\x08\x80\x80\x80\x80\x80\x20", 7);
  const std::string graph = "\x2a" + std::string(1, static_cast<char>(tensor.size())) + tensor;
  const std::string model = "\x3a" + std::string(1, static_cast<char>(graph.size())) + graph;
  EXPECT_NE(reason(model).find("elements"), std::string::npos);
}

TEST(WireReader, LongAndUnfinishedVarintsAreBroken) {
  for (const std::string& bytes :
       {std::string("\x08\xff", 2), std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11),
        std::string("\x12\x05"
                    "abc",
                    5),
        std::string("\x0b", 1), std::string("\x00\x01", 2)}) {
    WireReader reader(bytes);
    while (reader.next()) {
    }
    EXPECT_TRUE(reader.broken());
  }
}

}  // namespace
}  // namespace tracseq::serving
