// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>

#include "api/router.h"

namespace tracseq::api {

enum class Colour { red, green };
TRACSEQ_DESCRIBE_ENUM(Colour, red, green)
TRACSEQ_DEFINE_ENUM(Colour)

struct Leaf {
  Colour colour = Colour::red;
  std::optional<double> value;
};
TRACSEQ_DESCRIBE(Leaf, (colour, value))
TRACSEQ_DEFINE_TYPE(Leaf)

struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::map<std::string, Leaf> leaves;
};
TRACSEQ_DESCRIBE(Tree, (name, children, leaves))
TRACSEQ_DEFINE_TYPE(Tree, {.name = "name", .text = "Its name.", .required = true, .length_max = 100})

namespace {

void add_tree_routes(Router& router) {
  const auto handler = [](const CallContext&, const Tree& in) -> Result<Tree> { return in; };
  router.add(route(Method::post, "/api/v1/trees", "trees:write", Effect::changes, "Plant.", handler,
                   {.status = 201}));
  router.add(route(Method::put, "/api/v1/trees/{name}", "trees:write", Effect::changes, "Replace.", handler));
  router.add(route(Method::get, "/api/v1/trees/{name...}", "trees:read", Effect::reads, "Look.", handler));
  router.add(route(Method::get, "/livez", "public", Effect::reads, "Alive.",
                   [](const CallContext&, const Empty&) -> Result<Empty> { return Empty{}; }));
}

void collect_references(const Json& node, std::set<std::string>& found) {
  if (const Json::Array* items = node.as_array())
    for (const Json& item : *items) collect_references(item, found);
  if (const Json::Object* members = node.as_object())
    for (const auto& [name, value] : *members) {
      if (name == "$ref") found.insert(value.string_or(""));
      collect_references(value, found);
    }
}

const Json* at(const Json& root, std::initializer_list<std::string_view> path) {
  const Json* node = &root;
  for (const auto name : path)
    if (node != nullptr) node = node->find(name);
  return node;
}

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() {
    add_tree_routes(router_);
    document_ = *parse_json(openapi_document(router_, "1.2.3"));
  }
  Router router_;
  Json document_;
};

TEST_F(OpenApiTest, EveryReferenceResolves) {
  std::set<std::string> references;
  collect_references(document_, references);
  EXPECT_GE(references.size(), 5U);
  for (const std::string& reference : references) {
    ASSERT_TRUE(reference.starts_with("#/")) << reference;
    const Json* node = &document_;
    for (std::size_t begin = 2; node != nullptr && begin <= reference.size();) {
      const std::size_t end = std::min(reference.find('/', begin), reference.size());
      node = node->find(reference.substr(begin, end - begin));
      begin = end + 1;
    }
    EXPECT_NE(node, nullptr) << reference;
  }
}

TEST_F(OpenApiTest, EveryRouteIsThereWithItsPermission) {
  std::size_t operations = 0;
  std::set<std::string> ids;
  for (const auto& [path, item] : *at(document_, {"paths"})->as_object())
    for (const auto& [method, operation] : *item.as_object()) {
      ++operations;
      EXPECT_NE(operation.find("x-permission"), nullptr) << path;
      EXPECT_NE(operation.find("x-effect"), nullptr) << path;
      EXPECT_TRUE(ids.insert(operation.find("operationId")->string_or("")).second) << path;
    }
  EXPECT_EQ(operations, router_.routes().size());
  EXPECT_NE(at(document_, {"paths", "/livez", "get", "security"}), nullptr);
}

TEST_F(OpenApiTest, PathFieldsLeaveTheBody) {
  const Json* whole = at(
      document_, {"paths", "/api/v1/trees", "post", "requestBody", "content", "application/json", "schema"});
  EXPECT_EQ(whole->find("$ref")->string_or(""), "#/components/schemas/TreeInput");
  const Json* rest = at(document_, {"paths", "/api/v1/trees/{name}", "put", "requestBody", "content",
                                    "application/json", "schema"});
  EXPECT_EQ(at(*rest, {"properties", "name"}), nullptr);
  EXPECT_NE(at(*rest, {"properties", "leaves"}), nullptr);
  EXPECT_NE(at(document_, {"paths", "/api/v1/trees", "post", "responses", "201"}), nullptr);
}

TEST_F(OpenApiTest, AnAnswerHoldsEveryFieldThatIsNotOptional) {
  const Json* written = at(document_, {"components", "schemas", "Tree", "required"});
  EXPECT_EQ(dump_json(*written), R"(["name","children","leaves"])");
  const Json* read = at(document_, {"components", "schemas", "TreeInput", "required"});
  EXPECT_EQ(dump_json(*read), R"(["name"])");
  EXPECT_EQ(dump_json(*at(document_, {"components", "schemas", "Leaf", "required"})), R"(["colour"])");
  EXPECT_EQ(dump_json(*at(document_, {"components", "schemas", "Colour", "enum"})), R"(["red","green"])");
  EXPECT_EQ(
      at(document_, {"components", "schemas", "Tree", "properties", "name", "maxLength"})->integer_or(0),
      100);
}

}  // namespace
}  // namespace tracseq::api
