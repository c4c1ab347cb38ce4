// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "api/route.h"
#include "domain/registry/registry.h"
#include "storage/artifacts/catalog.h"

namespace tracseq::api {

struct VersionFileRef {
  std::string model_id;
  std::string version;
  std::string name;
};
TRACSEQ_DESCRIBE(VersionFileRef, (model_id, version, name))

struct ProductionRef {
  std::string name;
};
TRACSEQ_DESCRIBE(ProductionRef, (name))

// Models, versions, promotion and what a model server follows, below /api/v1. All outlive the routes.
std::vector<Route> registry_routes(sql::Database& database, registry::Registry& registry,
                                   artifacts::ArtifactCatalog& catalog);

}  // namespace tracseq::api
