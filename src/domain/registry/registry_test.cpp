// SPDX-License-Identifier: MIT
#include "domain/registry/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "storage/sql/testing.h"

namespace tracseq::registry {
namespace {

class RegistryTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    ledger_ = std::make_unique<audit::Ledger>(database());
    catalog_ = std::make_unique<artifacts::ArtifactCatalog>(database(), (folder() / "models").string());
    registry_ = std::make_unique<Registry>(database(), *ledger_, *catalog_);
    ctx_.actor.id = "tester";
  }
  std::string upload(const std::string& text) {
    TextSource source(text);
    const auto content = catalog_->store(ctx_, source, {});
    EXPECT_TRUE(content);
    const auto artifact = database().write([&](sql::Transaction& tx) {
      artifacts::NewArtifact row;
      row.owner_type = artifacts::OwnerType::upload;
      row.owner_id = text + "-upload";
      row.path = "content";
      return catalog_->commit(tx, ctx_, row, *content);
    });
    EXPECT_TRUE(artifact) << artifact.error().message;
    return artifact->artifact_id;
  }
  RegisterVersion request(const std::string& version, const std::string& object = "object",
                          const std::string& model_id = "lab") {
    RegisterVersion made;
    made.model_id = model_id;
    made.version = version;
    made.model_type = "classification";
    made.files = {{"model.pkl", FileRole::original, upload(object)},
                  {"model.onnx", FileRole::onnx, upload(object + " converted")}};
    return made;
  }
  ModelVersion add(const std::string& version, const std::string& object = "object",
                   const std::string& model_id = "lab") {
    const auto made = registry_->add(ctx_, request(version, object, model_id));
    EXPECT_TRUE(made) << made.error().message << " " << made.error().detail;
    return made ? *made : ModelVersion{};
  }
  Result<ModelVersion> promote(const std::string& version, ModelStatus to = ModelStatus::production,
                               std::optional<std::int64_t> revision = {}) {
    return registry_->promote(ctx_, {"lab", version, to, "because", revision});
  }
  Result<ModelVersion> rollback(const std::string& to = {}) {
    return registry_->rollback(ctx_, {"lab", to, "worse"});
  }
  ModelVersion get(const std::string& version) { return *registry_->get(ctx_, {"lab", version}); }
  std::string in_production() {
    const auto found = registry_->production(ctx_, "lab");
    return found ? found->version : "";
  }

  std::unique_ptr<audit::Ledger> ledger_;
  std::unique_ptr<artifacts::ArtifactCatalog> catalog_;
  std::unique_ptr<Registry> registry_;
  CallContext ctx_;
};
TRACSEQ_ON_BOTH_DATABASES(RegistryTest);

TEST_P(RegistryTest, AVersionComesBackAsItWasRegistered) {
  RegisterVersion given = request("1.0.0");
  given.name = "Lab Sample Classifier";
  given.framework = "sklearn";
  given.accuracy = 0.1 + 0.2;
  given.precision = std::nan("");
  given.recall = -std::numeric_limits<double>::infinity();
  given.f1_score = -0.0;
  given.hyperparameters.set("n_estimators", 100);
  given.feature_columns = {"a", "größe"};
  given.config.set("lr", 1e-300);
  given.requirements = {"numpy==2.0"};
  given.created_by = "data_scientist";
  const auto made = registry_->add(ctx_, given);
  ASSERT_TRUE(made) << made.error().message;
  const ModelVersion got = get("1.0.0");
  EXPECT_EQ(to_json(got), to_json(*made));
  EXPECT_EQ(got.accuracy, 0.1 + 0.2);
  EXPECT_TRUE(std::isnan(got.precision));
  EXPECT_EQ(got.recall, given.recall);
  EXPECT_TRUE(std::signbit(got.f1_score));
  EXPECT_EQ(got.status, ModelStatus::staging);
  EXPECT_EQ(got.version_number, 1);
  EXPECT_EQ(got.created_by, "data_scientist");
  EXPECT_TRUE(got.servable) << got.not_servable_reason;
  ASSERT_EQ(got.files.size(), 2U);
  const auto file = catalog_->get(got.files[0].artifact_id);
  ASSERT_TRUE(file);
  auto source = catalog_->open(*file);
  EXPECT_EQ(read_all(**source, 100), "object");
  EXPECT_EQ(version_name(got), "lab:1.0.0");
}

TEST_P(RegistryTest, TheSameAgainIsTheSameOtherContentIsAConflict) {
  const ModelVersion first = add("1.0.0");
  EXPECT_EQ(add("1.0.0").version_number, first.version_number);
  EXPECT_EQ(registry_->list(ctx_, {"lab", {}, {}, 10, {}})->items.size(), 1U);
  const auto other = registry_->add(ctx_, request("1.0.0", "another object"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::conflict);
  EXPECT_EQ(other.error().field, "version");
  auto source = catalog_->open(*catalog_->get(get("1.0.0").files[0].artifact_id));
  EXPECT_EQ(read_all(**source, 100), "object");
}

TEST_P(RegistryTest, AnEmptyVersionIsTheNextOne) {
  EXPECT_EQ(add("", "a").version, "1.0.0");
  EXPECT_EQ(add("", "b").version, "1.0.1");
  EXPECT_EQ(add("3.0.0-rc1", "c").version_number, 3);
  EXPECT_EQ(add("", "d").version, "3.0.0");
  EXPECT_EQ(add("first try", "e").version, "first try");
  EXPECT_EQ(add("", "f").version, "3.0.1");
  EXPECT_EQ(registry_->get(ctx_, {"lab", ""})->version, "3.0.1") << "the newest";
}

TEST_P(RegistryTest, WhatCannotBeServedIsRegisteredWithTheReason) {
  RegisterVersion given = request("1.0.0");
  given.files.pop_back();
  given.not_servable_reason = "the model is not fitted";
  const auto made = registry_->add(ctx_, given);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(made->servable);
  ASSERT_TRUE(promote("1.0.0"));
  const auto served = registry_->production_models(ctx_);
  ASSERT_EQ(served->items.size(), 1U);
  EXPECT_EQ(served->items[0].not_servable_reason, "the model is not fitted");
  EXPECT_FALSE(served->items[0].artefact);
  RegisterVersion silent = request("1.0.1", "x");
  silent.files.pop_back();
  EXPECT_NE(registry_->add(ctx_, silent)->not_servable_reason, "");
}

TEST_P(RegistryTest, PromotionMakesTheFormerVersionStepBack) {
  add("1.0.0", "a");
  add("1.0.1", "b");
  ASSERT_TRUE(promote("1.0.0"));
  const std::int64_t before = registry_->production_models(ctx_)->change;
  const auto promoted = promote("1.0.1");
  ASSERT_TRUE(promoted) << promoted.error().message;
  EXPECT_EQ(promoted->status, ModelStatus::production);
  EXPECT_EQ(get("1.0.0").status, ModelStatus::staging);
  EXPECT_EQ(in_production(), "1.0.1");
  EXPECT_GT(registry_->production_models(ctx_)->change, before);
  const auto history = registry_->history(ctx_, {"lab", 100, {}});
  ASSERT_EQ(history->items.size(), 5U);
  EXPECT_EQ(history->items[0].cause, Cause::promote);
  EXPECT_EQ(history->items[0].reason, "because");
  EXPECT_EQ(history->items[1].cause, Cause::step_back);
  EXPECT_EQ(history->items[1].version, "1.0.0");
  EXPECT_EQ(history->items[4].cause, Cause::registered);
  const std::int64_t revision = get("1.0.1").revision;
  ASSERT_TRUE(promote("1.0.1")) << "it is there already";
  EXPECT_EQ(get("1.0.1").revision, revision);
}

TEST_P(RegistryTest, RefusedMovesChangeNothing) {
  RegisterVersion bad = request("1.0.0");
  bad.error_rate = 0.05;
  ASSERT_TRUE(registry_->add(ctx_, bad));
  EXPECT_EQ(promote("1.0.0").error().code, Code::precondition_failed);
  ASSERT_TRUE(registry_->record_performance(ctx_, {"lab", "1.0.0", 100, 2.5, 0.049}));
  EXPECT_EQ(get("1.0.0").prediction_count, 100);
  EXPECT_EQ(get("1.0.0").average_inference_time_ms, 2.5);
  ASSERT_TRUE(promote("1.0.0", ModelStatus::archived));
  EXPECT_EQ(promote("1.0.0").error().code, Code::precondition_failed) << "not from the archive";
  EXPECT_EQ(promote("9.9.9").error().code, Code::not_found);
  EXPECT_EQ(promote("9.9.9").error().field, "version");
  EXPECT_EQ(registry_->promote(ctx_, {"nobody", "1", ModelStatus::staging, {}, {}}).error().field,
            "model_id");
  EXPECT_EQ(registry_->record_performance(ctx_, {"lab", "1.0.0", 1, 1, std::nan("")}).error().field,
            "error_rate");
  EXPECT_EQ(registry_->models(ctx_, {10, {}})->items.size(), 1U)
      << "an unknown model is not made by asking for it";
}

TEST_P(RegistryTest, AChangeMeetsTheRevisionItExpects) {
  const ModelVersion made = add("1.0.0");
  ASSERT_TRUE(registry_->update(ctx_, {"lab", "1.0.0", {}, "better words", {}, made.revision}));
  EXPECT_EQ(get("1.0.0").description, "better words");
  const auto late = promote("1.0.0", ModelStatus::production, made.revision);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::conflict);
  EXPECT_NE(late.error().message.find("revision 2"), std::string::npos) << late.error().message;
  EXPECT_TRUE(promote("1.0.0", ModelStatus::production, 2));
}

TEST_P(RegistryTest, RollbackGoesBackStepByStep) {
  EXPECT_EQ(rollback().error().code, Code::not_found);
  for (const std::string version : {"1", "2", "3", "4"}) add(version, "object " + version);
  EXPECT_EQ(rollback().error().code, Code::precondition_failed) << "nothing was in production";
  ASSERT_TRUE(promote("1"));
  EXPECT_EQ(rollback().error().code, Code::precondition_failed);
  ASSERT_TRUE(promote("2"));
  ASSERT_TRUE(promote("3"));
  // What is in production may be bad; what was there before is taken as it is.
  ASSERT_TRUE(registry_->record_performance(ctx_, {"lab", "2", 10, 1, 0.4}));
  EXPECT_EQ(rollback()->version, "2");
  EXPECT_EQ(get("3").status, ModelStatus::staging);
  EXPECT_EQ(rollback()->version, "1");
  ASSERT_TRUE(promote("4"));
  EXPECT_EQ(rollback()->version, "1") << "what was there before 4";
  EXPECT_EQ(rollback("3")->version, "3");
  EXPECT_EQ(rollback("4")->version, "4");
  add("5", "object 5");
  EXPECT_EQ(rollback("5").error().code, Code::precondition_failed) << "it never was in production";
  EXPECT_EQ(in_production(), "4");
}

TEST_P(RegistryTest, RollbackPassesOverWhatWasDeleted) {
  for (const std::string version : {"1", "2", "3"}) {
    add(version, "object " + version);
    ASSERT_TRUE(promote(version));
  }
  ASSERT_TRUE(registry_->remove(ctx_, {"lab", "2"}));
  EXPECT_EQ(rollback()->version, "1");
}

TEST_P(RegistryTest, DeletionSparesProductionAndFreesTheName) {
  add("1.0.0", "a");
  ASSERT_TRUE(promote("1.0.0"));
  EXPECT_EQ(registry_->remove(ctx_, {"lab", "1.0.0"}).error().code, Code::precondition_failed);
  ASSERT_TRUE(promote("1.0.0", ModelStatus::staging));
  const std::string artifact = get("1.0.0").files[0].artifact_id;
  ASSERT_TRUE(registry_->remove(ctx_, {"lab", "1.0.0"}));
  EXPECT_EQ(registry_->get(ctx_, {"lab", "1.0.0"}).error().code, Code::not_found);
  EXPECT_TRUE(registry_->models(ctx_, {10, {}})->items.empty());
  EXPECT_TRUE(catalog_->get(artifact)->deleted_at);
  const ModelVersion again = add("1.0.0", "other content");
  EXPECT_EQ(again.version_number, 2);
  EXPECT_EQ(registry_->remove(ctx_, {"lab", ""}).error().field, "version");
}

TEST_P(RegistryTest, ProductionIsFoundByIdElseByType) {
  add("1", "a");
  add("1", "b", "second");
  EXPECT_EQ(registry_->production(ctx_, "classification").error().code, Code::not_found);
  ASSERT_TRUE(promote("1"));
  ASSERT_TRUE(registry_->promote(ctx_, {"second", "1", ModelStatus::production, {}, {}}));
  EXPECT_EQ(registry_->production(ctx_, "lab")->model_id, "lab");
  EXPECT_EQ(registry_->production(ctx_, "classification")->model_id, "second") << "promoted last";
  add("1", "c", "classification");
  EXPECT_EQ(registry_->production(ctx_, "classification").error().code, Code::not_found)
      << "now it is a model's id";
}

TEST_P(RegistryTest, ListsAreNewestFirstAndPaged) {
  for (int i = 0; i < 5; ++i) add("", "object " + std::to_string(i), i % 2 == 0 ? "even" : "odd");
  ListVersions request;
  request.limit = 2;
  std::vector<std::string> seen;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = registry_->list(ctx_, request);
    ASSERT_TRUE(page) << page.error().message;
    for (const ModelVersion& version : page->items) seen.push_back(version_name(version));
    if (!page->next_page_token) break;
    request.page_token = *page->next_page_token;
  }
  EXPECT_EQ(seen,
            (std::vector<std::string>{"even:1.0.2", "odd:1.0.1", "even:1.0.1", "odd:1.0.0", "even:1.0.0"}));
  request = {};
  request.status = ModelStatus::archived;
  EXPECT_TRUE(registry_->list(ctx_, request)->items.empty());
  request = {};
  request.model_type = "regression";
  EXPECT_TRUE(registry_->list(ctx_, request)->items.empty());
  request = {};
  request.page_token = "forged";
  EXPECT_EQ(registry_->list(ctx_, request).error().field, "page_token");
  const auto models = registry_->models(ctx_, {1, {}});
  ASSERT_EQ(models->items.size(), 1U);
  EXPECT_EQ(models->items[0].model_id, "odd");
  EXPECT_EQ(models->items[0].version_count, 2);
  EXPECT_EQ(registry_->models(ctx_, {1, *models->next_page_token})->items[0].model_id, "even");
}

TEST_P(RegistryTest, ATransformationIsLinkedByRunOrByHash) {
  const std::string fitted = upload("fitted transformation");
  const TransformationLookup lookup =
      [&](sql::Session&, const CallContext&, const std::string& run,
          const std::string& hash) -> Result<std::optional<TransformationLink>> {
    if (run == "unknown") return fail(Code::not_found, "there is no pipeline run 'unknown'");
    if (run.empty() && hash != "h1") return std::optional<TransformationLink>{};
    return TransformationLink{run.empty() ? "p1" : run, fitted, "digest", 7};
  };
  Registry registry(database(), *ledger_, *catalog_, lookup);
  RegisterVersion given = request("1");
  given.pipeline_run_id = "p9";
  EXPECT_EQ(registry.add(ctx_, given)->transformation->pipeline_run_id, "p9");
  given = request("2", "b");
  given.training_data_hash = "h1";
  EXPECT_EQ(registry.add(ctx_, given)->pipeline_run_id, "p1");
  given = request("3", "c");
  given.training_data_hash = "other";
  EXPECT_FALSE(registry.add(ctx_, given)->transformation);
  given = request("4", "d");
  given.pipeline_run_id = "unknown";
  EXPECT_EQ(registry.add(ctx_, given).error().code, Code::not_found);
  ASSERT_TRUE(registry.promote(ctx_, {"lab", "1", ModelStatus::production, {}, {}}));
  const auto served = registry.production_models(ctx_)->items[0].transformation;
  EXPECT_EQ(served->digest, "digest");
  EXPECT_NE(served->artifact_id, fitted) << "the version keeps its own";
  EXPECT_EQ(catalog_->get(served->artifact_id)->owner_id, "lab/1");
}

TEST_P(RegistryTest, RegisteringIntoProductionGoesThroughTheGate) {
  RegisterVersion given = request("1");
  given.status = ModelStatus::production;
  EXPECT_EQ(registry_->add(ctx_, given)->status, ModelStatus::production);
  given = request("2", "b");
  given.status = ModelStatus::production;
  given.error_rate = 0.5;
  EXPECT_EQ(registry_->add(ctx_, given).error().code, Code::precondition_failed);
  EXPECT_EQ(registry_->get(ctx_, {"lab", "2"}).error().code, Code::not_found) << "nothing half-registered";
}

TEST_P(RegistryTest, BadRequestsNameTheirField) {
  RegisterVersion given = request("1");
  given.model_id = "a/b";
  EXPECT_EQ(registry_->add(ctx_, given).error().field, "model_id");
  given = request("1");
  given.files[1].name = given.files[0].name;
  EXPECT_EQ(registry_->add(ctx_, given).error().field, "files.name");
  given = request("1");
  given.files[1].role = FileRole::original;
  EXPECT_EQ(registry_->add(ctx_, given).error().field, "files.role");
  given = request("1");
  given.files[0].artifact_id = "unknown";
  EXPECT_EQ(registry_->add(ctx_, given).error().code, Code::not_found);
  given = request("1");
  given.config = Json("text");
  EXPECT_EQ(registry_->add(ctx_, given).error().field, "config");
  given = request("1");
  given.run_id = "00000000000000000000000000000000";
  EXPECT_EQ(registry_->add(ctx_, given).error().code, Code::not_found);
}

TEST_P(RegistryTest, ARepeatWithTheSameKeyRegistersOnce) {
  RegisterVersion given = request("");
  ctx_.idempotency_key = "k";
  ctx_.fingerprint = "f";
  const auto first = registry_->add(ctx_, given);
  const auto second = registry_->add(ctx_, given);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->version, second->version);
  ctx_.idempotency_key.clear();
  EXPECT_EQ(registry_->list(ctx_, {"lab", {}, {}, 10, {}})->items.size(), 1U);
}

TEST_P(RegistryTest, EveryChangeLeavesItsEntry) {
  add("1", "a");
  add("2", "b");
  ASSERT_TRUE(promote("1"));
  ASSERT_TRUE(promote("2"));
  ASSERT_TRUE(rollback());
  ASSERT_TRUE(registry_->remove(ctx_, {"lab", "2"}));
  audit::EntryFilter filter;
  filter.action = "model.";
  const auto entries = ledger_->list(ctx_, filter);
  ASSERT_TRUE(entries) << entries.error().message;
  std::vector<std::string> actions;
  for (const auto& entry : entries->items) actions.push_back(entry.action + " " + entry.object_id);
  EXPECT_EQ(actions, (std::vector<std::string>{"model.delete lab:2", "model.rollback lab:1",
                                               "model.promote lab:2", "model.promote lab:1",
                                               "model.register lab:2", "model.register lab:1"}));
  EXPECT_EQ(entries->items[1].reason, "worse");
}

// Several registering and promoting at once: one version each, one in production, no number twice.
TEST_P(RegistryTest, ConcurrentChangesKeepTheRules) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kRounds = 5;
  std::vector<RegisterVersion> requests;
  for (std::size_t i = 0; i < kThreads * kRounds; ++i)
    requests.push_back(request("", "object " + std::to_string(i)));
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kRounds; ++i) {
        const auto made = registry_->add(ctx_, requests[t * kRounds + i]);
        EXPECT_TRUE(made) << made.error().message << made.error().detail;
        const auto promoted = made ? promote(made->version) : fail(made.error());
        EXPECT_TRUE(promoted) << promoted.error().message << promoted.error().detail;
        if (!promoted) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  const auto all = registry_->list(ctx_, {"lab", {}, {}, 100, {}});
  EXPECT_EQ(all->items.size(), kThreads * kRounds);
  EXPECT_EQ(registry_->list(ctx_, {"lab", {}, ModelStatus::production, 100, {}})->items.size(), 1U);
  EXPECT_EQ(registry_->get(ctx_, {"lab", "1.0.19"})->version_number, 20);
}

}  // namespace
}  // namespace tracseq::registry
