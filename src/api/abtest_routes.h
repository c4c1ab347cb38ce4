// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "api/driver.h"
#include "api/route.h"
#include "domain/abtest/abtests.h"
#include "domain/abtest/log.h"
#include "domain/abtest/results.h"

namespace tracseq::api {

// The services of A/B tests over one database, as the core holds them.
struct AbTesting {
  AbTesting(sql::Database& database, audit::Ledger& ledger)
      : tests(database, ledger), log(database, ledger), results(database, ledger) {}

  abtest::AbTests tests;
  abtest::InteractionLog log;
  abtest::Results results;
};

// A/B tests below /api/v1/abtests. The services outlive the routes.
std::vector<Route> abtest_routes(AbTesting& services);

// What is driven: looks at live tests, retention of raw interactions.
std::vector<DriverStep> abtest_steps(AbTesting& services);

}  // namespace tracseq::api
