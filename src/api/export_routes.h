// SPDX-License-Identifier: MIT
#pragma once

#include "api/route.h"

namespace tracseq::api {

class Router;

inline constexpr std::int64_t kExportRowsMax = 1'000'000;

enum class ExportFormat { csv, json, parquet };
TRACSEQ_DESCRIBE_ENUM(ExportFormat, csv, json, parquet)

// GET /api/v1/export/{list...}?format=csv|json|parquet and the list's own filters: every page of any list
// route as one file. The caller needs the list's own permission. The router outlives the route.
Route export_route(const Router& router);

}  // namespace tracseq::api
