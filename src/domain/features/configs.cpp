// SPDX-License-Identifier: MIT
#include "domain/features/configs.h"

#include <fmt/core.h>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/data/paging.h"

namespace tracseq::features {

TRACSEQ_DEFINE_TYPE(FeatureConfigPage)
TRACSEQ_DEFINE_TYPE(ConfigRef, {.name = "config_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListConfigs, {.name = "limit", .min = 1, .max = 1000})

namespace {

using data::PagePlace;
using sql::args;

constexpr sql::Statement kInsert{
    "features.insert_config",
    "INSERT INTO feature_configs (config_id, project_id, name, document, created_at, "
    "created_by) VALUES (?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kGet{"features.get_config",
                              "SELECT document FROM feature_configs WHERE project_id = ? AND config_id = ?"};
constexpr sql::Statement kList{
    "features.list_configs",
    "SELECT document FROM feature_configs WHERE project_id = ? AND (created_at < ? OR "
    "(created_at = ? AND config_id < ?)) ORDER BY created_at DESC, config_id DESC LIMIT ?"};

std::string document_of(const sql::Row& row) { return row.str(0); }

// What a configuration says, whoever made it and when.
std::string content_of(FeatureConfig config) {
  config.created_at = {};
  config.created_by.clear();
  return to_json(config);
}

Result<std::optional<FeatureConfig>> load(sql::Session& session, const CallContext& ctx,
                                          const std::string& id) {
  TRACSEQ_TRY(const auto text, session.query_one(kGet, args(ctx.project_id, id), document_of));
  if (!text) return std::optional<FeatureConfig>{};
  TRACSEQ_TRY(FeatureConfig config, from_json<FeatureConfig>(*text, UnknownFields::ignore));
  return std::optional<FeatureConfig>{std::move(config)};
}

}  // namespace

Result<FeatureConfig> FeatureConfigs::create(const CallContext& ctx, const FeatureConfig& given) {
  FeatureConfig config = given;
  TRACSEQ_CHECK(check_config(config));
  if (config.config_id.empty()) config.config_id = new_id();
  TRACSEQ_CHECK(check_identifier("config_id", config.config_id));
  if (config.created_at.us == 0) config.created_at = now();
  if (config.created_by.empty()) config.created_by = ctx.actor.id;
  TRACSEQ_TRY(const auto found,
              database_.read([&](sql::Session& session) { return load(session, ctx, config.config_id); }));
  if (found && content_of(*found) == content_of(config)) return *found;
  auto made = ledger_.change<FeatureConfig>(
      ctx, {"feature_config.create", "feature_config", config.config_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<FeatureConfig> {
        TRACSEQ_CHECK(tx.execute(kInsert, args(config.config_id, ctx.project_id, config.name, to_json(config),
                                               config.created_at, config.created_by)));
        record.after = to_document(config);
        record.publish("feature_configs", "created");
        return config;
      });
  if (!made && made.error().code == Code::conflict)
    return fail(Error{Code::conflict,
                      fmt::format("the feature configuration '{}' exists already and says something else",
                                  config.config_id),
                      made.error().detail, "config_id"});
  return made;
}

Result<FeatureConfig> FeatureConfigs::get(const CallContext& ctx, const ConfigRef& ref) {
  TRACSEQ_TRY(auto found,
              database_.read([&](sql::Session& session) { return load(session, ctx, ref.config_id); }));
  if (!found)
    return fail(Error{Code::not_found,
                      fmt::format("there is no feature configuration '{}'", ref.config_id),
                      {},
                      "config_id"});
  return std::move(*found);
}

Result<FeatureConfigPage> FeatureConfigs::list(const CallContext& ctx, const ListConfigs& request) {
  TRACSEQ_TRY(const PagePlace place, PagePlace::from_token(request.page_token));
  TRACSEQ_TRY(const auto documents, database_.read([&](sql::Session& session) {
    return session.query_all(
        kList, args(ctx.project_id, place.time_us, place.time_us, place.id, request.limit + 1), document_of);
  }));
  FeatureConfigPage page;
  for (const auto& document : documents) {
    if (std::ssize(page.items) == request.limit) {
      page.next_page_token = PagePlace::token(page.items.back().created_at, page.items.back().config_id);
      break;
    }
    TRACSEQ_TRY(FeatureConfig config, from_json<FeatureConfig>(document, UnknownFields::ignore));
    page.items.push_back(std::move(config));
  }
  return page;
}

}  // namespace tracseq::features
