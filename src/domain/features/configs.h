// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/features/config.h"
#include "storage/sql/database.h"

namespace tracseq::features {

struct FeatureConfigPage {
  std::vector<FeatureConfig> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(FeatureConfigPage, (items, next_page_token))

struct ConfigRef {
  std::string config_id;
};
TRACSEQ_DESCRIBE(ConfigRef, (config_id))
struct ListConfigs {
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListConfigs, (limit, page_token))

// The stored feature configurations. Thread-safe; database and ledger outlive it.
class FeatureConfigs {
 public:
  FeatureConfigs(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Stores it under its id, or a new one. The same one again is the one that is there, another one is
  // `conflict`.
  Result<FeatureConfig> create(const CallContext& ctx, const FeatureConfig& config);
  Result<FeatureConfig> get(const CallContext& ctx, const ConfigRef& ref);
  // Newest first.
  Result<FeatureConfigPage> list(const CallContext& ctx, const ListConfigs& request);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::features
