// SPDX-License-Identifier: MIT
#include "api/export_routes.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "api/router.h"
#include "api/testing.h"

namespace tracseq::api {

struct ThingsIn {
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ThingsIn, (limit, page_token))
TRACSEQ_DEFINE_TYPE(ThingsIn)

struct ThingsOut {
  std::vector<Json> items;
  std::string next_page_token;
};
TRACSEQ_DESCRIBE(ThingsOut, (items, next_page_token))
TRACSEQ_DEFINE_TYPE(ThingsOut)

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kThings = 2'500;

Result<std::string> read_all(ByteSource& stream) {
  std::string text;
  std::vector<std::byte> buffer(10'000);
  for (;;) {
    TRACSEQ_TRY(const std::size_t count, stream.read(buffer));
    if (count == 0) return text;
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
}

// A list that is written to while it is read: from its second reading on, every row has one key more.
class Exporting : public ::testing::Test {
 public:
  Exporting() {
    router_.add({route(Method::get, "/api/v1/things", "things:read", Effect::reads, "List.",
                       [this](const CallContext& ctx, const ThingsIn& in) { return list(ctx, in); })});
    router_.add({export_route(router_)});
    ctx_.actor.permissions.insert("*");
  }

 protected:
  Result<ThingsOut> list(const CallContext& ctx, const ThingsIn& in) {
    TRACSEQ_CHECK(ctx.check());
    if (broken_) return fail(Code::unavailable, "the list is away");
    const std::int64_t from = in.page_token.empty() ? 0 : std::stoll(in.page_token);
    if (from == 0) ++readings_;
    ThingsOut out;
    for (std::int64_t i = from; i < std::min(from + in.limit, kThings); ++i) {
      Json row = Json::object();
      row.set("n", Json(i));
      if (readings_ > 1) row.set("late", Json("x"));
      out.items.push_back(std::move(row));
    }
    if (from + in.limit < kThings) out.next_page_token = std::to_string(from + in.limit);
    return out;
  }
  Response export_as(const std::string& format) {
    Request request;
    request.path = "/api/v1/export/things";
    request.query.emplace_back("format", format);
    return router_.dispatch(ctx_, request);
  }
  metrics::Registry metrics_;
  Router router_{metrics_};
  CallContext ctx_;
  int readings_ = 0;
  bool broken_ = false;
};

TEST_F(Exporting, TheDeadlineIsForTheHeadAndNotForTheBody) {
  for (const std::string format : {"json", "csv"}) {
    ctx_.deadline = Steady::now() + milliseconds(2'000);
    const Response response = export_as(format);
    ASSERT_EQ(response.status, 200) << response.body;
    std::this_thread::sleep_until(ctx_.deadline + milliseconds(10));
    const auto text = read_all(*response.stream);
    ASSERT_TRUE(text) << format << ": " << text.error().message;
    EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), kThings + (format == "csv" ? 1 : 0));
  }
}

TEST_F(Exporting, StoppingStillEndsTheBody) {
  ctx_.cancelled = std::make_shared<std::atomic<bool>>(false);
  const Response response = export_as("json");
  ASSERT_EQ(response.status, 200) << response.body;
  *ctx_.cancelled = true;
  const auto text = read_all(*response.stream);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::cancelled);
}

TEST_F(Exporting, RowsAndColumnsComeFromOneReading) {
  const Response response = export_as("csv");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto text = read_all(*response.stream);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(readings_, 1);
  EXPECT_EQ(text->substr(0, 9), "n\r\n0\r\n1\r\n");
}

TEST_F(Exporting, WhatIsWrongWithTheListIsTheAnswer) {
  broken_ = true;
  for (const std::string format : {"json", "csv", "parquet"}) {
    const Response response = export_as(format);
    EXPECT_EQ(response.status, 503) << format;
    EXPECT_NE(response.body.find("the list is away"), std::string::npos) << response.body;
  }
}

class EveryList : public testing::CoreTest {
 protected:
  static bool is_list(const Route& route) {
    return route.method == Method::get && route.output != nullptr &&
           std::any_of(route.output->fields.begin(), route.output->fields.end(),
                       [](const Field& field) { return std::string_view(field.name) == "items"; });
  }
};

TEST_P(EveryList, CanBeExportedWithPagesAndWithout) {
  CallContext ctx;
  ctx.actor.permissions.insert("*");
  constexpr std::string_view kPrefix = "/api/v1/";
  int exported = 0;
  for (const Route& route : core_->router().routes()) {
    if (!is_list(route) || !route.path.starts_with(kPrefix)) continue;
    Request request;
    request.path = "/api/v1/export/" + route.path.substr(kPrefix.size());
    bool of_something = route.path.find('{') != std::string::npos;  // that is not there
    for (const Field& field : route.input->fields) {
      if (!field.doc.required) continue;
      of_something = true;
      request.query.emplace_back(field.name, "none");
    }
    for (const std::string format : {"json", "csv", "parquet"}) {  // most of them are empty here
      Request one = request;
      one.query.emplace_back("format", format);
      const Response response = core_->router().dispatch(ctx, one);
      EXPECT_EQ(response.body.find("unknown query parameter"), std::string::npos) << response.body;
      if (of_something) continue;
      ASSERT_EQ(response.status, 200) << route.path << " as " << format << ": " << response.body;
      const auto text = read_all(*response.stream);
      ASSERT_TRUE(text) << route.path << " as " << format << ": " << text.error().message;
      const std::string begin = text->substr(0, text->find("\r\n"));
      EXPECT_TRUE(format != "csv" || !begin.empty()) << route.path << " has no header";
      EXPECT_TRUE(format != "parquet" || begin.starts_with("PAR1")) << route.path;
      ++exported;
    }
  }
  EXPECT_GE(exported, 30);
}
TRACSEQ_ON_BOTH_DATABASES(EveryList);

}  // namespace
}  // namespace tracseq::api
