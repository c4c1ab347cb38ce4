// SPDX-License-Identifier: MIT
#include "storage/artifacts/catalog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "storage/sql/testing.h"

namespace tracseq::artifacts {
namespace {

namespace fs = std::filesystem;

class CatalogTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    root_ = (folder() / "artifacts").string();
    catalog_ = std::make_unique<ArtifactCatalog>(database(), root_);
    ctx_.actor.id = "tester";
  }
  // A catalog for which everything unused is past its time.
  ArtifactCatalog impatient() {
    return ArtifactCatalog(
        database(), root_,
        {std::chrono::seconds{0}, std::chrono::seconds{0}, std::chrono::seconds{0}, std::chrono::seconds{0}});
  }
  StoredContent store(const std::string& text) {
    TextSource source(text);
    auto content = catalog_->store(ctx_, source, {});
    EXPECT_TRUE(content) << content.error().message << content.error().detail;
    return *content;
  }
  static NewArtifact described(const std::string& path, const std::string& owner = "run1") {
    NewArtifact made;
    made.owner_id = owner;
    made.path = path;
    return made;
  }
  Result<Artifact> commit(const NewArtifact& artifact, const StoredContent& content) {
    return database().write(
        [&](sql::Transaction& tx) { return catalog_->commit(tx, ctx_, artifact, content); });
  }
  Artifact put(const std::string& path, const std::string& text, const std::string& owner = "run1") {
    auto artifact = commit(described(path, owner), store(text));
    EXPECT_TRUE(artifact) << artifact.error().message << artifact.error().detail;
    return *artifact;
  }
  std::string text_of(const Artifact& artifact) {
    auto source = catalog_->open(artifact);
    EXPECT_TRUE(source) << source.error().message;
    return source ? read_all(**source, 1 << 20).value_or("unreadable") : "";
  }
  std::vector<std::string> paths(const std::string& prefix, std::int64_t limit = 1000,
                                 const std::string& token = {}) {
    ArtifactFilter filter;
    filter.owner_id = "run1";
    filter.prefix = prefix;
    filter.limit = limit;
    filter.page_token = token;
    auto page = catalog_->list(filter);
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> found;
    for (const Artifact& item : page->items) found.push_back(item.path);
    return found;
  }
  Result<Artifact> remove(const Artifact& artifact) {
    return database().write(
        [&](sql::Transaction& tx) { return ArtifactCatalog::remove(tx, artifact.artifact_id); });
  }
  Result<Artifact> restore(const Artifact& artifact) {
    return database().write(
        [&](sql::Transaction& tx) { return ArtifactCatalog::restore(tx, artifact.artifact_id); });
  }

  std::string root_;
  std::unique_ptr<ArtifactCatalog> catalog_;
  CallContext ctx_;
};
TRACSEQ_ON_BOTH_DATABASES(CatalogTest);

TEST_P(CatalogTest, AnArtifactComesBackWithWhatWasSaidOfIt) {
  NewArtifact artifact = described("plots/roc.png");
  artifact.artifact_type = "plot";
  artifact.description = "größer";
  artifact.metadata.set("auc", 0.93);
  const auto made = commit(artifact, store("bytes"));
  ASSERT_TRUE(made) << made.error().message;
  const auto got = catalog_->get(made->artifact_id);
  ASSERT_TRUE(got);
  EXPECT_EQ(to_json(*got), to_json(*made));
  EXPECT_EQ(got->content_type, "image/png");
  EXPECT_EQ(got->size_bytes, 5);
  EXPECT_EQ(got->created_by, "tester");
  EXPECT_EQ(got->metadata, artifact.metadata);
  EXPECT_EQ(text_of(*got), "bytes");
  EXPECT_TRUE(fs::exists(*catalog_->local_path(*got)));
  EXPECT_EQ(catalog_->get("unknown").error().code, Code::not_found);
}

TEST_P(CatalogTest, ContentWithoutARowIsNoArtifact) {
  store("draft");
  EXPECT_TRUE(paths("").empty());
}

TEST_P(CatalogTest, OverwritingAPathMakesAVersion) {
  const Artifact first = put("model.pkl", "one");
  const Artifact second = put("model.pkl", "two");
  EXPECT_EQ(first.version, 1);
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(paths(""), std::vector<std::string>{"model.pkl"});
  EXPECT_EQ(text_of(*catalog_->get(first.artifact_id)), "one") << "the old version stays readable";
  EXPECT_EQ(put("model.pkl", "two").artifact_id, second.artifact_id) << "the same again is the same";
}

TEST_P(CatalogTest, ADirectoryIsAPrefix) {
  for (const std::string path : {"a/b/1", "a/b/2", "a/c", "a-b/x", "ab", "z"}) put(path, path);
  EXPECT_EQ(paths("a"), (std::vector<std::string>{"a/b/1", "a/b/2", "a/c"}));
  EXPECT_EQ(paths("a/b/"), (std::vector<std::string>{"a/b/1", "a/b/2"}));
  EXPECT_EQ(paths("ab"), std::vector<std::string>{"ab"});
  EXPECT_EQ(paths("none"), std::vector<std::string>{});
  EXPECT_EQ(paths("", 2), (std::vector<std::string>{"a-b/x", "a/b/1"}));
  EXPECT_EQ(paths("", 2, "a/b/1"), (std::vector<std::string>{"a/b/2", "a/c"}));
}

TEST_P(CatalogTest, AFileIsNoFolder) {
  put("a/b", "x");
  EXPECT_EQ(commit(described("a/b/c"), store("y")).error().code, Code::conflict);
  EXPECT_EQ(commit(described("a"), store("y")).error().code, Code::conflict);
  EXPECT_TRUE(commit(described("a/b/c", "run2"), store("y"))) << "another owner";
}

TEST_P(CatalogTest, BadNamesAndTextsAreRefused) {
  const StoredContent content = store("x");
  EXPECT_EQ(commit(described("../x"), content).error().field, "path");
  EXPECT_EQ(commit(described("x", ""), content).error().field, "owner_id");
  NewArtifact artifact = described("x");
  artifact.metadata = Json("text");
  EXPECT_EQ(commit(artifact, content).error().field, "metadata");
  artifact = described("x");
  artifact.description = std::string(kArtifactDescriptionBytesMax + 1, 'x');
  EXPECT_EQ(commit(artifact, content).error().field, "description");
  ArtifactFilter filter;
  filter.limit = 0;
  EXPECT_EQ(catalog_->list(filter).error().field, "limit");
  filter.limit = 1;
  filter.prefix = "a/../b";
  EXPECT_EQ(catalog_->list(filter).error().field, "prefix");
  PutOptions tree;
  tree.layout = Layout::tree;
  tree.tree_path = "blobs/ab/cd/x";
  TextSource source("x");
  EXPECT_EQ(catalog_->store(ctx_, source, tree, root_).error().field, "path");
}

TEST_P(CatalogTest, TheTrashGivesBackUntilThePathIsUsedAgain) {
  const Artifact first = put("x", "one");
  ASSERT_TRUE(remove(first));
  EXPECT_TRUE(remove(first)) << "again changes nothing";
  EXPECT_TRUE(paths("").empty());
  EXPECT_EQ(text_of(*catalog_->get(first.artifact_id)), "one");
  ASSERT_TRUE(restore(first));
  EXPECT_EQ(paths(""), std::vector<std::string>{"x"});
  ASSERT_TRUE(remove(first));
  EXPECT_EQ(put("x", "two").version, 2);
  EXPECT_EQ(restore(first).error().code, Code::conflict);
}

TEST_P(CatalogTest, KnownContentNeedsNoUpload) {
  const std::string digest = store("known").location.digest;
  const auto known = catalog_->find_content(digest);
  ASSERT_TRUE(known) << known.error().message;
  ASSERT_TRUE(*known);
  EXPECT_TRUE(commit(described("again"), **known));
  EXPECT_FALSE(*catalog_->find_content(std::string(64, '0')));
  fs::remove(*catalog_->local_path(*catalog_->get(put("again", "known").artifact_id)));
  EXPECT_FALSE(*catalog_->find_content(digest)) << "its row is there, its bytes are not";
}

TEST_P(CatalogTest, CollectionTakesWhatNothingPointsTo) {
  const Artifact kept = put("kept", "kept");
  const Artifact shared = put("shared", "same");
  const Artifact also = put("also", "same");
  const Artifact dropped = put("dropped", "dropped");
  const StoredContent orphan = store("orphan");
  NewArtifact upload = described("upload.bin", "u1");
  upload.owner_type = OwnerType::upload;
  ASSERT_TRUE(commit(upload, store("uploaded")));
  ASSERT_TRUE(remove(shared));
  ASSERT_TRUE(remove(dropped));
  const auto patient = catalog_->collect(ctx_);
  ASSERT_TRUE(patient) << patient.error().message << patient.error().detail;
  EXPECT_EQ(patient->rows + patient->blobs, 0) << "nothing is past its time";

  // Leases end at once for this one; the leases of the uploads above still hold.
  ArtifactCatalog collector = impatient();
  EXPECT_EQ(collector.collect(ctx_)->rows, 3);
  EXPECT_TRUE(fs::exists(*catalog_->local_path(dropped)));
  ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
    return tx.execute({"test.end_leases", "UPDATE artifact_blobs SET lease_until_us = 0"}, {});
  }));
  const auto collected = collector.collect(ctx_);
  ASSERT_TRUE(collected) << collected.error().message << collected.error().detail;
  EXPECT_EQ(collected->blobs, 3);
  EXPECT_EQ(collected->files, 3);
  EXPECT_EQ(text_of(kept), "kept");
  EXPECT_EQ(text_of(also), "same");
  EXPECT_FALSE(fs::exists(*catalog_->local_path(dropped)));
  EXPECT_EQ(commit(described("late"), orphan).error().code, Code::conflict) << "its lease had ended";
  EXPECT_EQ(text_of(put("late", "orphan")), "orphan");
}

TEST_P(CatalogTest, WhatAGoneOwnerHadGoesWithIt) {
  const Artifact mine = put("a", "x");
  const Artifact trashed = put("b", "y");
  const Artifact other = put("a", "z", "run2");
  ASSERT_TRUE(remove(trashed));
  EXPECT_EQ(database().write([&](sql::Transaction& tx) {
    return ArtifactCatalog::forget_all(tx, OwnerType::run, "run1");
  }),
            2);
  EXPECT_EQ(catalog_->collect(ctx_)->rows, 2);
  EXPECT_EQ(catalog_->get(mine.artifact_id).error().code, Code::not_found);
  EXPECT_TRUE(catalog_->get(other.artifact_id));
}

TEST_P(CatalogTest, ExpiryIsNotedInItsTransaction) {
  const Artifact gone = put("gone", "gone");
  ASSERT_TRUE(remove(gone));
  std::int64_t noted = 0;
  ArtifactCatalog collector = impatient();
  EXPECT_FALSE(collector.collect(ctx_, [](sql::Transaction&, std::int64_t) -> Result<void> {
    return fail(Code::internal, "the note failed");
  }));
  EXPECT_TRUE(catalog_->get(gone.artifact_id)) << "without its note nothing is forgotten";
  EXPECT_TRUE(collector.collect(ctx_, [&](sql::Transaction&, std::int64_t rows) -> Result<void> {
    noted += rows;
    return {};
  }));
  EXPECT_EQ(noted, 1);
  EXPECT_EQ(catalog_->get(gone.artifact_id).error().code, Code::not_found);
}

TEST_P(CatalogTest, TwoDatabasesInOneFolderDoNotCollectEachOther) {
  const Artifact mine = put("x", "shared bytes");
  sql::testing::Fresh fresh(GetParam());
  auto other = sql::open_database(fresh.url());
  ASSERT_TRUE(other);
  ArtifactCatalog theirs(
      **other, root_,
      {std::chrono::seconds{0}, std::chrono::seconds{0}, std::chrono::seconds{0}, std::chrono::seconds{0}});
  TextSource source("shared bytes");
  const auto content = theirs.store(ctx_, source, {});
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_NE(content->root, root_);
  EXPECT_EQ(theirs.collect(ctx_)->blobs, 1);
  EXPECT_EQ(text_of(mine), "shared bytes");
}

// Uploads of the same few contents, each used for a moment and thrown away, beside collectors that wait for
// nothing: whatever was committed is readable until it is removed.
TEST_P(CatalogTest, CollectionNeverTakesWhatAnUploadBrings) {
  constexpr int kUploaders = 3;
  constexpr int kRounds = 40;
  std::atomic<bool> done{false};
  std::atomic<int> broken{0};
  std::atomic<std::int64_t> collected{0};
  const auto note = [&](const char* doing, const Error& error) {
    ++broken;
    ADD_FAILURE() << doing << ": " << error.message << " (" << error.detail << ")";
  };
  std::vector<std::thread> uploaders;
  const Retention no_patience{std::chrono::seconds{1}, std::chrono::seconds{0}, std::chrono::seconds{0},
                              std::chrono::seconds{3600}};
  for (int u = 0; u < kUploaders; ++u)
    uploaders.emplace_back([&, u] {
      // A catalog of its own, as another process would have.
      ArtifactCatalog catalog(database(), root_, no_patience);
      for (int round = 0; round < kRounds; ++round) {
        const std::string text = "content " + std::to_string(round % 2);
        TextSource source(text);
        const auto content = catalog.store(ctx_, source, {});
        if (!content) {
          note("store", content.error());
          continue;
        }
        const auto artifact = database().write([&](sql::Transaction& tx) {
          return catalog.commit(tx, ctx_, described("x", "run" + std::to_string(u)), *content);
        });
        // A lease that ended is an honest answer; content that vanished under a row is not.
        if (!artifact) {
          if (artifact.error().code != Code::conflict) note("commit", artifact.error());
          continue;
        }
        auto opened = catalog.open(*artifact);
        const auto bytes = opened ? read_all(**opened, 100) : Result<std::string>(fail(opened.error()));
        if (!bytes) note("open", bytes.error());
        EXPECT_EQ(bytes.value_or(text), text);
        const auto removed = database().write(
            [&](sql::Transaction& tx) { return ArtifactCatalog::remove(tx, artifact->artifact_id); });
        if (!removed) note("remove", removed.error());
      }
    });
  std::vector<std::thread> collectors;
  for (int c = 0; c < 2; ++c)
    collectors.emplace_back([&] {
      ArtifactCatalog collector(database(), root_, no_patience);
      while (!done) {
        // Leases end at once: as if every upload had been idle for its whole lease just before it was used.
        const auto ended = database().write([&](sql::Transaction& tx) {
          return tx.execute({"test.end_leases", "UPDATE artifact_blobs SET lease_until_us = 0"}, {});
        });
        // All rows at once beside uploaders that change them: that they keep colliding is an honest answer.
        if (!ended && ended.error().code != Code::unavailable) note("end the leases", ended.error());
        const auto round = collector.collect(ctx_);
        if (round) collected += round->blobs;
      }
    });
  for (std::thread& uploader : uploaders) uploader.join();
  done = true;
  for (std::thread& collector : collectors) collector.join();
  EXPECT_EQ(broken, 0);
  EXPECT_GT(collected, 0) << "the collectors had nothing to do: the test proves nothing";
}

}  // namespace
}  // namespace tracseq::artifacts
