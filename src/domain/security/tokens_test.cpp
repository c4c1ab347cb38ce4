// SPDX-License-Identifier: MIT
#include "domain/security/tokens.h"

#include "storage/sql/testing.h"

namespace tracseq::security {
namespace {

class TokensTest : public sql::testing::DatabaseTest {
 protected:
  CallContext ctx;
};
TRACSEQ_ON_BOTH_DATABASES(TokensTest);

TEST_P(TokensTest, ATokenIsRecognisedUntilItIsRevoked) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  const auto created = tokens.create(ctx, {"robot", Role::viewer, {}});
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_FALSE(tokens.from_memory(created->token).has_value()) << "not looked up yet";
  const auto actor = tokens.authenticate(created->token);
  ASSERT_TRUE(actor) << actor.error().message;
  EXPECT_TRUE(actor->may("runs:read"));
  EXPECT_FALSE(actor->may("runs:write"));
  EXPECT_TRUE(tokens.from_memory(created->token).has_value());
  ASSERT_TRUE(tokens.revoke(ctx, {created->token_id, "done"}));
  EXPECT_EQ(tokens.authenticate(created->token).error().code, Code::unauthenticated);
}

TEST_P(TokensTest, WrongOnesAreRefusedWithTheSameWords) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  const auto created = tokens.create(ctx, {"robot", Role::viewer, {}});
  ASSERT_TRUE(created);
  const auto right = parse_token(created->token);
  ASSERT_TRUE(right);
  const std::string other_secret = format_token({right->token_id, std::string(64, 'a')});
  const std::string unknown = format_token({std::string(32, '0'), right->secret});
  std::string mistyped = created->token;
  mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
  for (const std::string& text : {other_secret, unknown, mistyped, std::string(), std::string("admin")}) {
    const auto actor = tokens.authenticate(text);
    ASSERT_FALSE(actor) << text;
    EXPECT_EQ(actor.error().message, tokens.authenticate(unknown).error().message);
  }
}

TEST_P(TokensTest, AnExpiredTokenIsRefused) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  EXPECT_EQ(tokens.create(ctx, {"late", Role::admin, now() - std::chrono::seconds{1}}).error().code,
            Code::invalid);
  const auto brief = tokens.create(ctx, {"brief", Role::admin, now() + std::chrono::milliseconds{30}});
  ASSERT_TRUE(brief);
  std::this_thread::sleep_for(std::chrono::milliseconds{40});
  EXPECT_FALSE(tokens.authenticate(brief->token));
}

TEST_P(TokensTest, TheFirstAdministratorIsMadeOnce) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  const auto first = tokens.bootstrap(ctx);
  ASSERT_TRUE(first && first->has_value());
  EXPECT_TRUE(tokens.authenticate((*first)->token)->may("tokens:admin"));
  const auto second = tokens.bootstrap(ctx);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->has_value());
}

TEST_P(TokensTest, ListsGoOnWithTheNextPage) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(tokens.create(ctx, {std::to_string(i), Role::viewer, {}}));
  std::string names;
  ListTokens request{2, ""};
  for (int page = 0; page < 3; ++page) {
    const auto found = tokens.list(ctx, request);
    ASSERT_TRUE(found) << found.error().message;
    for (const Token& token : found->items) names += token.name;
    EXPECT_EQ(found->next_page_token.has_value(), page < 2);
    request.page_token = found->next_page_token.value_or("");
  }
  EXPECT_EQ(names, "43210");
  EXPECT_EQ(tokens.list(ctx, {2, "none"}).error().field, "page_token");
  EXPECT_EQ(tokens.list(ctx, {0, ""}).error().field, "limit");
}

TEST_P(TokensTest, AnEditorMayNotMakeTokensAndAServiceMayNotPromote) {
  Actor editor;
  editor.permissions = permissions_of(Role::editor);
  EXPECT_TRUE(editor.may("models:promote"));
  EXPECT_FALSE(editor.may("tokens:admin"));
  Actor service;
  service.permissions = permissions_of(Role::service);
  EXPECT_TRUE(service.may("predictions:write"));
  EXPECT_FALSE(service.may("models:promote"));
}

TEST_P(TokensTest, TheConfiguredKeyCarriesTheRoleService) {
  audit::Ledger ledger{database()};
  Tokens tokens{database(), ledger};
  tokens.accept_key("a long random key");
  const auto actor = tokens.authenticate("a long random key");
  ASSERT_TRUE(actor);
  EXPECT_EQ(actor->kind, "service");
}

}  // namespace
}  // namespace tracseq::security
