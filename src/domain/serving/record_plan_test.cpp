// SPDX-License-Identifier: MIT
#include "domain/serving/record_plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "domain/serving/model_table.h"
#include "domain/serving/testing.h"

namespace tracseq::serving {
namespace {

// A model that only says what it is.
class SaidModel final : public LoadedModel {
 public:
  explicit SaidModel(ModelInfo info) : info_(std::move(info)) {}
  [[nodiscard]] const ModelInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Result<std::vector<Tensor>> infer(std::span<const Tensor>,
                                                  std::span<const std::size_t>) const override {
    return fail(Code::internal, "not run here");
  }

 private:
  ModelInfo info_;
};

std::shared_ptr<const LoadedModel> said(std::vector<std::string> names = {}, std::int64_t width = 2) {
  return std::make_shared<SaidModel>(
      ModelInfo{"test",
                {{"input", DataType::fp32, {-1, width}}},
                {{"label", DataType::bytes, {-1}}, {"probabilities", DataType::fp32, {-1, 2}}},
                {"no", "yes"},
                std::move(names)});
}

class Doubling final : public RowTransformation {
 public:
  explicit Doubling(std::string python = {}) : python_(std::move(python)) {}
  [[nodiscard]] const std::vector<std::string>& output_names() const noexcept override { return names_; }
  [[nodiscard]] std::optional<std::string> offline_only() const override {
    if (python_.empty()) return std::nullopt;
    return python_;
  }
  Result<void> apply(const Json& record, std::span<double> row) const override {
    const Json* x = record.find("x");
    if (x == nullptr) return fail_field("x", "the column 'x' is missing");
    row[0] = x->number_or(0);
    row[1] = 2 * row[0];
    return {};
  }

 private:
  std::string python_;
  std::vector<std::string> names_{"x", "twice"};
};

Json record(const char* text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed);
  return parsed ? *parsed : Json();
}

TEST(RecordPlan, OrdersColumnsByTheModelsNamesThenByThoseRegistered) {
  const RecordPlan own(said({"b", "a"}), nullptr, {"a", "b"});
  EXPECT_EQ(own.columns(), (std::vector<std::string>{"b", "a"}));
  const RecordPlan registered(said(), nullptr, {"a", "b"});
  const auto rows =
      registered.rows({record(R"({"b":2,"a":1,"extra":"x"})"), record(R"({"a":null,"b":true})")});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->shape, (Shape{2, 2}));
  const auto values = testing::values_of<double>(*rows);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 2);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 1);
}

TEST(RecordPlan, SaysWhyItCannotOrderColumns) {
  const auto rows = RecordPlan(said(), nullptr, {"a", "b", "c"}).rows({record("{}")});
  EXPECT_EQ(rows.error().code, Code::unsupported);
  EXPECT_NE(rows.error().message.find("3 feature_columns do not fit"), std::string::npos);
}

TEST(RecordPlan, NamesAMissingColumnAndOneOfAnotherKind) {
  const RecordPlan plan(said(), nullptr, {"a", "b"});
  const auto missing = plan.rows({record(R"({"a":1,"b":2})"), record(R"({"a":1})")});
  EXPECT_EQ(missing.error().code, Code::invalid);
  EXPECT_NE(missing.error().message.find("record 1 lacks the column 'b'"), std::string::npos);
  EXPECT_NE(plan.rows({record(R"({"a":"x","b":2})")}).error().message.find("'a' must be a number"),
            std::string::npos);
  EXPECT_FALSE(plan.rows({record("[1]")}));
  EXPECT_FALSE(plan.rows({}));
}

TEST(RecordPlan, AppliesTheTransformation) {
  const RecordPlan plan(said(), std::make_shared<Doubling>(), {});
  const auto rows = plan.rows({record(R"({"x":1.5})")});
  ASSERT_TRUE(rows);
  EXPECT_EQ(testing::values_of<double>(*rows), (std::vector<double>{1.5, 3}));
  EXPECT_NE(plan.rows({record("{}")}).error().message.find("record 0: the column 'x'"), std::string::npos);
}

TEST(RecordPlan, TakesTheTransformationsFeaturesByNameAndOtherColumnsFromTheRecord) {
  const RecordPlan plan(said({"twice", "flag"}), std::make_shared<Doubling>(), {});
  const auto rows = plan.rows({record(R"({"x":1.5,"flag":true})")});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(testing::values_of<double>(*rows), (std::vector<double>{3, 1}));
  const RecordPlan columns_before(said(), std::make_shared<Doubling>(), {"x", "y"});
  EXPECT_EQ(columns_before.columns(), (std::vector<std::string>{"x", "twice"}));
  const auto refused = RecordPlan(said({}, 3), std::make_shared<Doubling>(), {}).rows({record("{}")});
  EXPECT_NE(refused.error().message.find("makes 2 features, the model takes 3"), std::string::npos);
}

TEST(RecordPlan, RefusesAPythonStepByName) {
  const auto rows = RecordPlan(said(), std::make_shared<Doubling>("zscore"), {}).rows({record("{}")});
  EXPECT_EQ(rows.error().code, Code::unsupported);
  EXPECT_NE(rows.error().message.find("'zscore'"), std::string::npos);
}

TEST(RecordPlan, ReadsLabelsAndProbabilities) {
  const RecordPlan plan(said(), nullptr, {"a", "b"});
  std::vector<Tensor> outputs{{"label", DataType::bytes, {2}, {}, {"yes", "no"}},
                              testing::fp32("probabilities", {2, 2}, {0.25F, 0.75F, 0.5F, 0.5F})};
  const auto predictions = plan.predictions(outputs, 2);
  ASSERT_TRUE(predictions);
  EXPECT_EQ((*predictions)[0].label, Json("yes"));
  EXPECT_EQ((*predictions)[0].probabilities.at("yes"), 0.75);
  EXPECT_FALSE(plan.predictions(outputs, 3));
  EXPECT_TRUE(
      plan.predictions({testing::fp32("variable", {1, 1}, {2.5F})}, 1)->front().probabilities.empty());
}

std::shared_ptr<const LoadedModel> with_classes(std::vector<std::string> classes) {
  ModelInfo info = said()->info();
  info.classes = std::move(classes);
  return std::make_shared<SaidModel>(std::move(info));
}

// scikit-learn's [False, True] are 0 and 1 in the graph, its [1.0, 2.0] are 1 and 2.
TEST(RecordPlan, LabelsAreTheClassesOwn) {
  const auto label_of = [](std::vector<std::string> classes, std::int64_t label) {
    const RecordPlan plan(with_classes(std::move(classes)), nullptr, {"a", "b"});
    const std::vector<Tensor> outputs{
        {"label", DataType::int64, {1}, testing::raw<std::int64_t>({label}), {}},
        testing::fp32("probabilities", {1, 2}, {0.25F, 0.75F})};
    const auto predictions = plan.predictions(outputs, 1);
    EXPECT_TRUE(predictions);
    return predictions->front().label;
  };
  EXPECT_EQ(label_of({"False", "True"}, 1), Json(true));
  EXPECT_EQ(label_of({"False", "True"}, 0), Json(false));
  EXPECT_EQ(label_of({"no", "yes"}, 0), Json("no"));
  EXPECT_EQ(label_of({"0", "1"}, 1), Json(1));
  EXPECT_EQ(label_of({"1", "2"}, 1), Json(1));
  EXPECT_EQ(label_of({"-1", "1"}, -1), Json(-1));
  EXPECT_EQ(label_of({"1.0", "2.0"}, 1), Json(1));
  EXPECT_EQ(label_of({"1.0", "2.0"}, 2), Json(2));
  EXPECT_EQ(label_of({"0.0", "1.0"}, 0), Json(0));
  EXPECT_EQ(label_of({"inf", "nan"}, 1), Json("nan")) << "names, not numbers";
  EXPECT_EQ(label_of({"no", "yes"}, 2), Json(2)) << "no such class";
}

TEST(RecordPlan, OnlyWhatHasOneValuePerClassIsProbabilities) {
  const auto probabilities_of = [](std::vector<std::string> classes, const char* name, std::int64_t width) {
    const RecordPlan plan(with_classes(std::move(classes)), nullptr, {"a", "b"});
    const std::vector<Tensor> outputs{
        {"label", DataType::int64, {1}, testing::raw<std::int64_t>({0}), {}},
        testing::fp32(name, {1, width}, std::vector<float>(static_cast<std::size_t>(width), 0.5F))};
    const auto predictions = plan.predictions(outputs, 1);
    EXPECT_TRUE(predictions);
    return predictions->front().probabilities;
  };
  using Probabilities = std::map<std::string, double>;
  EXPECT_EQ(probabilities_of({"no", "yes"}, "probabilities", 2), (Probabilities{{"no", 0.5}, {"yes", 0.5}}));
  EXPECT_EQ(probabilities_of({}, "probabilities", 2), (Probabilities{{"0", 0.5}, {"1", 0.5}}));
  EXPECT_EQ(probabilities_of({}, "scores", 3), Probabilities{}) << "a clustering's distances";
  EXPECT_EQ(probabilities_of({"no", "yes"}, "probabilities", 1), Probabilities{}) << "a margin";
}

std::shared_ptr<const ServedModel> served(std::string version) {
  return std::make_shared<ServedModel>(ServedModel{"m", std::move(version), "", said(), nullptr});
}

TEST(ModelTable, SwitchesAtOnceAndKeepsTheReplacedVersionForAWhile) {
  ModelTable table;
  EXPECT_EQ(table.find("m").error().code, Code::unavailable);
  table.set_complete();
  EXPECT_EQ(table.find("m").error().code, Code::not_found);
  table.publish(served("1"));
  const auto held = table.find("m");
  table.publish(served("2"));
  EXPECT_EQ((*held)->version, "1");
  EXPECT_EQ((*table.find("m"))->version, "2");
  EXPECT_EQ((*table.find("m", "1"))->version, "1");
  EXPECT_EQ(table.find("m", "3").error().code, Code::not_found);
  table.keep_only({});
  EXPECT_FALSE(table.find("m"));
}

TEST(ModelTable, AVersionThatDoesNotLoadLeavesTheOldOneServing) {
  ModelTable table;
  table.set_complete();
  table.publish(served("1"));
  table.report("m", "2", ModelState::failed, "it is broken");
  EXPECT_EQ((*table.find("m"))->version, "1");
  EXPECT_EQ(table.find("m", "2").error().code, Code::unavailable);
  EXPECT_NE(table.find("m", "2").error().message.find("it is broken"), std::string::npos);
  EXPECT_EQ(table.reports().front().serving_version, "1");
  EXPECT_TRUE(table.ready());
  table.report("n", "1", ModelState::failed, "no");
  EXPECT_FALSE(table.ready());
  table.report("n", "1", ModelState::not_servable, "a pickle");
  EXPECT_TRUE(table.ready());
  EXPECT_EQ(table.find("n").error().code, Code::unsupported);
}

}  // namespace
}  // namespace tracseq::serving
