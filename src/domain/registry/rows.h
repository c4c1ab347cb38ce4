// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "domain/registry/types.h"
#include "storage/sql/database.h"

// The statements behind Registry. Each runs in the session it is given. A version is stored whole as a
// document; the columns beside it are what is asked for.
namespace tracseq::registry::rows {

struct StoredModel {
  std::string model_id;
  std::int64_t versions = 0;
  Timestamp created_at;
  Timestamp updated_at;
};

// Makes the model if it is new and holds its row until the transaction ends: its versions change one at a
// time.
Result<void> hold_model(sql::Transaction& tx, const CallContext& ctx, const std::string& model_id,
                        Timestamp time);
// The running number of the next version.
Result<std::int64_t> next_number(sql::Transaction& tx, const std::string& model_id);
Result<std::optional<StoredModel>> model(sql::Session& session, const CallContext& ctx,
                                         const std::string& model_id);
Result<std::vector<StoredModel>> models(sql::Session& session, const CallContext& ctx,
                                        const ListModels& request);
Result<std::int64_t> count_versions(sql::Session& session, const std::string& model_id);

Result<void> insert(sql::Transaction& tx, const CallContext& ctx, const ModelVersion& version,
                    const std::string& content_digest);
// Writes the version as it is, its revision raised by one.
Result<void> update(sql::Transaction& tx, ModelVersion& version);
Result<void> mark_deleted(sql::Transaction& tx, const ModelVersion& version, Timestamp time);

// Version empty: the newest. Nothing if there is none.
Result<std::optional<ModelVersion>> version(sql::Session& session, const CallContext& ctx,
                                            const std::string& model_id, const std::string& version);
Result<std::optional<ModelVersion>> by_number(sql::Session& session, const std::string& model_id,
                                              std::int64_t number);
Result<std::optional<ModelVersion>> in_production(sql::Session& session, const CallContext& ctx,
                                                  const std::string& model_id);
// The one promoted last among the models of that type.
Result<std::optional<ModelVersion>> in_production_by_type(sql::Session& session, const CallContext& ctx,
                                                          const std::string& model_type);
Result<std::vector<ModelVersion>> all_in_production(sql::Session& session, const CallContext& ctx);
Result<std::string> content_digest(sql::Session& session, const ModelVersion& version);
// All version texts a model ever had.
Result<std::vector<std::string>> version_texts(sql::Session& session, const std::string& model_id);
// Newest first, one more than the limit.
Result<std::vector<ModelVersion>> list(sql::Session& session, const CallContext& ctx,
                                       const ListVersions& request);

Result<void> add_transition(sql::Transaction& tx, const Transition& transition);
Result<std::vector<Transition>> transitions(sql::Session& session, const std::string& model_id,
                                            std::int64_t before, std::int64_t limit);
struct Arrival {
  std::int64_t number = 0;
  bool by_rollback = false;
};
// How versions came into production, the oldest first; the newest kArrivalsMax.
inline constexpr std::int64_t kArrivalsMax = 10'000;
Result<std::vector<Arrival>> arrivals_in_production(sql::Session& session, const std::string& model_id);

Result<void> count_production_change(sql::Transaction& tx);
Result<std::int64_t> production_changes(sql::Session& session);
Result<void> forget_aliases(sql::Transaction& tx, const std::string& model_id, std::int64_t number);

}  // namespace tracseq::registry::rows
