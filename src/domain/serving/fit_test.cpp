// SPDX-License-Identifier: MIT
#include "domain/serving/fit.h"

#include <gtest/gtest.h>

namespace tracseq::serving {
namespace {

using Names = std::vector<std::string>;

class Made final : public RowTransformation {
 public:
  explicit Made(Names names, std::optional<std::string> offline = {})
      : names_(std::move(names)), offline_(std::move(offline)) {}
  [[nodiscard]] const Names& output_names() const noexcept override { return names_; }
  [[nodiscard]] std::optional<std::string> offline_only() const override { return offline_; }
  Result<void> apply(const Json&, std::span<double>) const override { return {}; }

 private:
  const Names names_;
  const std::optional<std::string> offline_;
};

ModelInfo model(std::int64_t width, Names features = {}) {
  return {"onnx_onnxv1",
          {{"input", DataType::fp32, {-1, width}}},
          {{"label", DataType::int64, {-1}}, {"probabilities", DataType::fp32, {-1, 2}}},
          {"no", "yes"},
          std::move(features)};
}

std::string of_signature(const std::string& text, const ModelInfo& info = model(2, {"a", "b"})) {
  WantedModel wanted;
  wanted.signature = parse_json(text).value_or(Json());
  EXPECT_FALSE(wanted.signature.is_null()) << text;
  return misfit(wanted, info);
}

std::string of_columns(Names columns, const ModelInfo& info, const RowTransformation* made = nullptr) {
  WantedModel wanted;
  wanted.feature_columns = std::move(columns);
  EXPECT_EQ(misfit(wanted, info), "");  // they describe: nothing they say keeps a model from being served
  return columns_remark(wanted, info, made);
}

TEST(Fit, ASignatureTheConverterWroteFits) {
  EXPECT_EQ(of_signature(R"({"inputs":[{"name":"input","datatype":"FP64","shape":[-1,2]}],
      "outputs":[{"name":"label","datatype":"INT64","shape":[-1]},
                 {"name":"probabilities","datatype":"FP32","shape":[-1,2]}],
      "classes":["no","yes"],"feature_names":["a","b"]})"),
            "");
  // A label that is a column of one, and what is said in other words.
  ModelInfo column = model(2);
  column.outputs[0].shape = {-1, 1};
  EXPECT_EQ(of_signature(R"({"outputs":[{"name":"label","datatype":"INT64","shape":[-1]},
                                        {"name":"probabilities","datatype":"FP32","shape":[-1,2]}]})",
                         column),
            "");
  for (const char* other : {R"({"inputs":"[{\"name\": \"x\"}]"})", R"({"inputs":[{"type":"tensor"}]})",
                            R"({"inputs":[]})", R"({"classes":[0,1]})", "{}"})
    EXPECT_EQ(of_signature(other), "") << other;
}

TEST(Fit, EveryContradictionOfASignatureIsNamed) {
  const auto has = [](const std::string& why, const char* words) {
    EXPECT_NE(why.find(words), std::string::npos) << why;
  };
  has(of_signature(R"({"inputs":[{"name":"rows","datatype":"FP64","shape":[-1,2]}]})"), "'rows'");
  has(of_signature(R"({"inputs":[{"name":"input","datatype":"INT64","shape":[-1,2]}]})"),
      "INT64 in the signature, FP32 in the model");
  has(of_signature(R"({"inputs":[{"name":"input","datatype":"FP64","shape":[-1,3]}]})"), "[-1,3]");
  has(of_signature(R"({"inputs":[{"name":"input","datatype":"FP64","shape":[-1]}]})"), "[-1]");
  has(of_signature(R"({"outputs":[{"name":"label","datatype":"INT64","shape":[-1]}]})"),
      "the model has the output 'probabilities'");
  has(of_signature(R"({"outputs":[{"name":"label","datatype":"BYTES","shape":[-1]},
                                  {"name":"probabilities","datatype":"FP32","shape":[-1,2]}]})"),
      "'label' is BYTES");
  has(of_signature(R"({"outputs":[{"name":"label","datatype":"INT64","shape":[-1]},
                                  {"name":"probabilities","datatype":"FP32","shape":[-1,3]}]})"),
      "[-1,3]");
  has(of_signature(R"({"classes":["yes","no"]})"), "classes");
  has(of_signature(R"({"feature_names":["b","a"]})"), "feature names");
}

TEST(Fit, AModelThatContradictsItselfDoesNotFit) {
  EXPECT_EQ(misfit({}, model(3, {"a", "b"})), "the model names 2 features and takes 3");
}

TEST(Fit, FeatureColumnsThatDisagreeAreRemarkedOn) {
  EXPECT_EQ(of_columns({"a", "b"}, model(2, {"a", "b"})), "");
  EXPECT_EQ(of_columns({"a", "b"}, model(2)), "");
  EXPECT_EQ(of_columns({"a", "b"}, model(-1)), "");
  EXPECT_EQ(of_columns({}, model(2, {"a", "b"})), "");
  EXPECT_EQ(of_columns({"a"}, model(2)), "feature_columns name 1 columns, the model takes 2");
  EXPECT_EQ(of_columns({"b", "a"}, model(2, {"a", "b"})),
            "feature_columns are [b, a], the model was fitted on [a, b]");
  ModelInfo several = model(2);
  several.inputs.push_back({"more", DataType::fp32, {-1, 1}});
  EXPECT_EQ(of_columns({"a"}, several), "");  // asked by its tensors
}

TEST(Fit, ALinkedTransformationFeedsTheModel) {
  const Made made({"a_scaled", "kind_x"});
  EXPECT_EQ(of_columns({"a", "kind"}, model(2), &made), "");  // the raw columns
  EXPECT_EQ(of_columns({"a", "kind", "c"}, model(2, {"a_scaled", "kind_x"}), &made), "");
  EXPECT_EQ(of_columns({"a_scaled", "c"}, model(2, {"a_scaled", "c"}), &made), "");  // `c` is passed through
  EXPECT_EQ(of_columns({"a", "kind", "c"}, model(2, {"a_scaled", "c"}), &made), "");
  EXPECT_EQ(of_columns({"p", "q", "r"}, model(3), &made), "");  // the model's own, by number
  EXPECT_NE(of_columns({"a", "kind"}, model(2, {"a_scaled", "c"}), &made).find("the feature 'c'"),
            std::string::npos);
  EXPECT_NE(of_columns({"a", "kind"}, model(3), &made).find("makes 2 features"), std::string::npos);
  const Made offline({"a_scaled"}, "lower_case");
  EXPECT_EQ(of_columns({"a", "kind"}, model(3), &offline), "");
}

}  // namespace
}  // namespace tracseq::serving
