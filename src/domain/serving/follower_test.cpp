// SPDX-License-Identifier: MIT
#include "domain/serving/follower.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace tracseq::serving {
namespace {

namespace fs = std::filesystem;

// A registry in memory that can be away.
class MemoryRegistry final : public RegistrySource {
 public:
  Result<std::optional<std::vector<WantedModel>>> production() override {
    const Lock lock(mutex_);
    if (away_) return fail(Code::unavailable, "the registry is away");
    if (!changed_) return std::optional<std::vector<WantedModel>>{};
    changed_ = false;
    return std::optional(models_);
  }
  Result<void> fetch(const WantedFile& file, ModelCache::Sink sink) override {
    const Lock lock(mutex_);
    ++fetched_;
    if (away_) return fail(Code::unavailable, "the registry is away");
    const std::string& bytes = files_[file.digest];
    TRACSEQ_CHECK(sink(bytes_of(bytes).first(bytes.size() / 2)));
    return sink(bytes_of(bytes).subspan(bytes.size() / 2));
  }
  void promote(const std::string& version, const std::string& bytes, std::string not_servable = {},
               std::vector<std::string> columns = {"x"}, Json signature = {}) {
    const Lock lock(mutex_);
    const std::string digest = sha256_hex(bytes_of(bytes));
    files_[digest] = bytes;
    WantedModel model{"m",
                      version,
                      "said",
                      WantedFile{"a", digest, static_cast<std::int64_t>(bytes.size())},
                      {},
                      std::move(columns),
                      std::move(not_servable),
                      std::move(signature)};
    models_ = {std::move(model)};
    changed_ = true;
  }
  void corrupt() {
    const Lock lock(mutex_);
    for (auto& [digest, bytes] : files_) bytes[0] = static_cast<char>(bytes[0] ^ 1);
  }
  void set_away(bool away) {
    const Lock lock(mutex_);
    away_ = away;
  }
  void reconnect() {
    const Lock lock(mutex_);
    changed_ = true;  // a new connection gets the list again
  }
  int fetched() {
    const Lock lock(mutex_);
    return fetched_;
  }

 private:
  Mutex mutex_;
  std::vector<WantedModel> models_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> files_ GUARDED_BY(mutex_);
  bool away_ GUARDED_BY(mutex_) = false;
  bool changed_ GUARDED_BY(mutex_) = true;
  int fetched_ GUARDED_BY(mutex_) = 0;
};

class SaidModel final : public LoadedModel {
 public:
  [[nodiscard]] const ModelInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Result<std::vector<Tensor>> infer(std::span<const Tensor>,
                                                  std::span<const std::size_t>) const override {
    return std::vector<Tensor>{};
  }

 private:
  ModelInfo info_{"said", {{"input", DataType::fp32, {-1, 1}}}, {}, {}, {}};
};

class SaidEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "said"; }
  [[nodiscard]] bool can_run(const Artefact& artefact) const noexcept override {
    return artefact.format == "said";
  }
  Result<std::shared_ptr<const LoadedModel>> load(const Artefact& artefact) override {
    ++loads_;
    const std::string_view text = text_of(artefact.bytes);
    if (text.starts_with("broken")) return fail(Code::unprocessable, "the bytes are broken");
    if (text == "heavy" && busy_) return fail(Code::unavailable, "there is too little memory");
    return std::make_shared<SaidModel>();
  }
  std::atomic<int> loads_{0};
  std::atomic<bool> busy_{false};
};

class FollowerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tracseq-follower-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    end();
    fs::remove_all(folder_);
  }
  void begin() {
    auto cache = ModelCache::open(folder_);
    ASSERT_TRUE(cache) << cache.error().message;
    cache_ = std::move(*cache);
    table_ = std::make_unique<ModelTable>();
    follower_ = std::make_unique<Follower>(
        *table_, *cache_, std::vector<Engine*>{&engine_}, registry_,
        [](std::string_view) -> Result<std::shared_ptr<const RowTransformation>> {
          return fail(Code::unsupported, "none");
        },
        FollowerOptions{std::chrono::milliseconds(5), std::chrono::milliseconds(20),
                        std::chrono::milliseconds(50)});
    registry_.reconnect();
    follower_->start();
  }
  void end() {
    follower_.reset();
    table_.reset();
    cache_.reset();
  }
  template <class F>
  static bool soon(F done) {
    for (const auto end = Steady::now() + std::chrono::seconds(5); Steady::now() < end;
         std::this_thread::sleep_for(std::chrono::milliseconds(2)))
      if (done()) return true;
    return false;
  }
  bool serves(const std::string& version) {
    return soon([&] {
      const auto found = table_->find("m");
      return found && (*found)->version == version;
    });
  }
  // In many looks at the registry and several of the longest pauses.
  bool loads_again() {
    const int before = engine_.loads_;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return engine_.loads_ != before;
  }
  std::string reason() {
    const auto reports = table_->reports();
    return reports.empty() ? std::string() : reports.front().reason;
  }
  SaidEngine engine_;
  MemoryRegistry registry_;
  fs::path folder_;
  std::unique_ptr<ModelCache> cache_;
  std::unique_ptr<ModelTable> table_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(FollowerTest, TakesOverNewVersions) {
  registry_.promote("1", "first");
  begin();
  EXPECT_TRUE(serves("1"));
  registry_.promote("2", "second");
  EXPECT_TRUE(serves("2"));
  EXPECT_EQ(follower_->report().registry, RegistryState::reachable);
}

TEST_F(FollowerTest, ServesWithoutTheRegistryAlsoAfterARestart) {
  registry_.promote("1", "first");
  begin();
  ASSERT_TRUE(serves("1"));
  registry_.set_away(true);
  ASSERT_TRUE(soon([&] { return follower_->report().registry == RegistryState::unreachable; }));
  EXPECT_TRUE(table_->find("m"));
  ASSERT_TRUE(soon([&] { return fs::exists(folder_ / "manifest.json"); }));
  end();
  begin();
  EXPECT_TRUE(table_->find("m"));  // at once, from the cache
  EXPECT_TRUE(table_->ready());
  registry_.set_away(false);
  registry_.promote("2", "second");
  EXPECT_TRUE(serves("2"));
}

TEST_F(FollowerTest, AVersionThatDoesNotLoadLeavesTheOldOne) {
  registry_.promote("1", "first");
  begin();
  ASSERT_TRUE(serves("1"));
  registry_.promote("2", "broken");
  ASSERT_TRUE(soon([&] { return reason().find("broken") != std::string::npos; }));
  EXPECT_EQ((*table_->find("m"))->version, "1");
  EXPECT_EQ(table_->find("m", "2").error().code, Code::unsupported);
  EXPECT_FALSE(loads_again());
  registry_.reconnect();
  EXPECT_FALSE(loads_again());
  end();
  begin();  // a restart goes on with the version that worked
  EXPECT_TRUE(serves("1"));
  registry_.promote("1", "first");
  // The registry's order to load it is an empty reason too: what counts is the state after it.
  EXPECT_TRUE(soon([&] { return reason().empty() && table_->reports().front().state == ModelState::ready; }));
}

TEST_F(FollowerTest, BytesThatAreNoModelAreNotTriedAgain) {
  registry_.promote("1", "broken");
  begin();
  for (int start = 0; start < 2; ++start) {  // the second judges what the cache holds
    ASSERT_TRUE(soon([&] { return table_->ready(); }));
    const auto found = table_->find("m");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::unsupported);
    EXPECT_NE(found.error().message.find("the bytes are broken"), std::string::npos) << found.error().message;
    EXPECT_EQ(table_->reports().front().state, ModelState::broken);
    EXPECT_FALSE(loads_again());
    ASSERT_TRUE(soon([&] { return fs::exists(folder_ / "manifest.json"); }));
    end();
    begin();
  }
  EXPECT_EQ(registry_.fetched(), 1);
  registry_.promote("2", "broken too");
  ASSERT_TRUE(soon([&] { return table_->find("m", "2").error().code == Code::unsupported; }));
  registry_.promote("3", "mended");
  EXPECT_TRUE(serves("3"));
}

TEST_F(FollowerTest, WhatMayPassIsTriedAgain) {
  engine_.busy_ = true;
  registry_.promote("1", "heavy");
  begin();
  ASSERT_TRUE(soon([&] { return engine_.loads_ > 2; }));
  EXPECT_EQ(table_->find("m").error().code, Code::unavailable);
  EXPECT_FALSE(table_->ready());
  engine_.busy_ = false;
  EXPECT_TRUE(serves("1"));
}

TEST_F(FollowerTest, ADownloadWithAnotherDigestIsNotKept) {
  registry_.promote("1", "first");
  registry_.corrupt();
  begin();
  ASSERT_TRUE(soon([&] { return reason().find("digest") != std::string::npos; }));
  EXPECT_TRUE(fs::is_empty(folder_ / "files"));
  EXPECT_FALSE(table_->find("m"));
  registry_.promote("1", "first");
  EXPECT_TRUE(serves("1"));
}

TEST_F(FollowerTest, ADamagedCacheIsDownloadedAgain) {
  registry_.promote("1", "first");
  begin();
  ASSERT_TRUE(serves("1"));
  ASSERT_TRUE(soon([&] { return fs::exists(folder_ / "manifest.json"); }));
  end();
  std::ofstream(folder_ / "files" / sha256_hex(bytes_of("first"))) << "firsT";
  begin();
  EXPECT_TRUE(serves("1"));
  EXPECT_EQ(registry_.fetched(), 2);
}

TEST_F(FollowerTest, WhatCannotBeServedSaysWhy) {
  registry_.promote("1", "first", "the model is not fitted");
  begin();
  ASSERT_TRUE(soon([&] { return table_->find("m").error().code == Code::unsupported; }));
  EXPECT_NE(table_->find("m").error().message.find("not fitted"), std::string::npos);
  EXPECT_TRUE(soon([&] { return table_->ready(); }));
}

TEST_F(FollowerTest, AModelThatDoesNotFitItsSignatureIsNotServed) {
  const auto refused = [&](const std::string& words) {
    return soon([&] {
      const auto found = table_->find("m");
      return !found && found.error().code == Code::unsupported &&
             found.error().message.find(words) != std::string::npos;
    });
  };
  registry_.promote("1", "first");
  begin();
  ASSERT_TRUE(serves("1"));
  const auto signature = [](const char* name, const char* type, std::int64_t width) {
    Json input = Json::object();
    input.set("name", name).set("datatype", type).set("shape", Json(Json::Array{-1, width}));
    return Json::object().set("inputs", Json(Json::Array{input}));
  };
  registry_.promote("3", "third", {}, {"x"}, signature("input", "FP64", 3));
  EXPECT_TRUE(refused("'input' has the shape [-1,3] in the signature, [-1,1] in the model")) << reason();
  end();
  begin();  // what the cache holds is judged again
  EXPECT_EQ(table_->reports().front().state, ModelState::not_servable);
  registry_.promote("4", "third", {}, {"x"}, signature("input", "FP64", 1));
  EXPECT_TRUE(serves("4"));
}

TEST_F(FollowerTest, FeatureColumnsThatDisagreeAreAWarningPerLoad) {
  ::testing::internal::CaptureStderr();
  registry_.promote("1", "first", {}, {"x", "y"});
  begin();
  EXPECT_TRUE(serves("1")) << reason();
  registry_.promote("2", "second", {}, {"x"});
  EXPECT_TRUE(serves("2")) << reason();
  end();
  const std::string logged = ::testing::internal::GetCapturedStderr();
  const std::string words = "feature_columns name 2 columns, the model takes 1";
  const auto at = logged.find(words);
  EXPECT_NE(at, std::string::npos) << logged;
  EXPECT_EQ(logged.find(words, at + 1), std::string::npos) << logged;
}

TEST_F(FollowerTest, OldFilesAreCollectedAndTwoServersDoNotShareACache) {
  registry_.promote("1", "first");
  begin();
  ASSERT_TRUE(serves("1"));
  EXPECT_EQ(ModelCache::open(folder_).error().code, Code::conflict);
  registry_.promote("2", "second");
  ASSERT_TRUE(serves("2"));
  EXPECT_TRUE(soon([&] { return !fs::exists(folder_ / "files" / sha256_hex(bytes_of("first"))); }));
}

}  // namespace
}  // namespace tracseq::serving
