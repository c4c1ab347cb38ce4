// SPDX-License-Identifier: MIT
#include "domain/security/pairings.h"

#include "base/crypto.h"
#include "storage/sql/testing.h"

namespace tracseq::security {
namespace {

class PairingsTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ctx.actor.id = "anonymous";
    admin.actor.id = "token:boss";
    ledger = std::make_unique<audit::Ledger>(database());
    tokens = std::make_unique<Tokens>(database(), *ledger);
    pairings = std::make_unique<Pairings>(database(), *ledger);
  }
  Result<StartedPairing> start(const std::string& secret = "secret") {
    return pairings->start(ctx, {"model server on lab-3", sha256_hex(bytes_of(secret))});
  }
  CallContext ctx;
  CallContext admin;
  std::unique_ptr<audit::Ledger> ledger;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Pairings> pairings;
};
TRACSEQ_ON_BOTH_DATABASES(PairingsTest);

TEST_P(PairingsTest, TheOneWithTheSecretGetsAServiceTokenOnce) {
  const auto started = start();
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->code.size(), 9U);
  const auto waiting = pairings->claim(ctx, {started->pairing_id, "secret"});
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->state, PairingState::waiting);
  EXPECT_TRUE(waiting->token.empty());

  std::string typed = " " + started->code.substr(0, 4) + started->code.substr(5);
  for (char& c : typed) c = static_cast<char>(std::tolower(c));
  const auto approved = pairings->approve(admin, {typed, ""});
  ASSERT_TRUE(approved) << approved.error().message;
  EXPECT_EQ(approved->name, "model server on lab-3");

  EXPECT_EQ(pairings->claim(ctx, {started->pairing_id, "another"}).error().code, Code::not_found);
  const auto paired = pairings->claim(ctx, {started->pairing_id, "secret"});
  ASSERT_TRUE(paired) << paired.error().message;
  const auto actor = tokens->authenticate(paired->token);
  ASSERT_TRUE(actor);
  EXPECT_EQ(actor->kind, "service");
  EXPECT_FALSE(actor->may("tokens:admin"));
  EXPECT_EQ(pairings->claim(ctx, {started->pairing_id, "secret"}).error().code, Code::not_found);
  EXPECT_EQ(pairings->approve(admin, {started->code, ""}).error().code, Code::not_found);

  const auto listed = tokens->list(admin, {});
  ASSERT_TRUE(listed && listed->items.size() == 1);
  EXPECT_EQ(listed->items[0].created_by, "token:boss");
  ASSERT_TRUE(tokens->revoke(admin, {paired->token_id, ""}));
  EXPECT_FALSE(tokens->authenticate(paired->token));

  const auto entries = ledger->list(admin, {});
  ASSERT_TRUE(entries);
  std::vector<std::string> actions;
  for (const auto& entry : entries->items) {
    actions.push_back(entry.action);
    EXPECT_EQ(dump_json(entry.delta).find(started->code), std::string::npos);
  }
  EXPECT_EQ(actions,
            (std::vector<std::string>{"token.revoke", "token.create", "pairing.approve", "pairing.start"}));
}

TEST_P(PairingsTest, WrongCodesRunOut) {
  const auto started = start();
  ASSERT_TRUE(started);
  for (int i = 0; i < kWrongCodesPerMinuteMax; ++i)
    EXPECT_EQ(pairings->approve(admin, {"BBBB-BBBB", ""}).error().code, Code::not_found);
  EXPECT_EQ(pairings->approve(admin, {started->code, ""}).error().code, Code::resource_exhausted);
}

TEST_P(PairingsTest, WaitingOnesAreBoundedAndExpire) {
  std::string last;
  for (int i = 0; i < kPairingStartsPerMinuteMax; ++i) {
    const auto started = start(std::to_string(i));
    ASSERT_TRUE(started) << i << ": " << started.error().message;
    last = started->pairing_id;
  }
  EXPECT_EQ(start().error().code, Code::resource_exhausted);
  ASSERT_TRUE(database().write([](sql::Transaction& tx) {
    return tx.execute({"test.age", "UPDATE pairings SET expires_at = 1"}, {});
  }));
  EXPECT_EQ(pairings->claim(ctx, {last, std::to_string(kPairingStartsPerMinuteMax - 1)}).error().code,
            Code::not_found);
  Pairings another{database(), *ledger};
  EXPECT_TRUE(another.start(ctx, {"after", sha256_hex(bytes_of("x"))}));
  const auto left = database().read([](sql::Session& session) {
    return session.query_one({"test.left", "SELECT count(*) FROM pairings"}, {},
                             [](const sql::Row& row) { return row.integer(0); });
  });
  EXPECT_EQ(left->value_or(0), 1);
}

TEST_P(PairingsTest, NoMoreThanTheMostWaitWhicheverProcessTheyStartedIn) {
  for (std::int64_t i = 0; i < kPairingsWaitingMax; ++i) {
    Pairings process{database(), *ledger};
    ASSERT_TRUE(process.start(ctx, {"one of many", sha256_hex(bytes_of(std::to_string(i)))}));
  }
  EXPECT_EQ(start().error().code, Code::resource_exhausted);
}

}  // namespace
}  // namespace tracseq::security
