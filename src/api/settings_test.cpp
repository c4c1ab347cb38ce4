// SPDX-License-Identifier: MIT
#include "api/settings.h"

#include <gtest/gtest.h>

namespace tracseq::api {
namespace {

TEST(Settings, EverySettingOfTheDatabaseReachesTheCore) {
  config::Config config;
  config.database = {"postgresql://db/lab", 7, 11, 3};
  config.monitoring.metrics_retention_days = 90;
  config.monitoring.alert_cooldown_minutes = 2;
  config.monitoring.default_error_threshold = 0.25;
  const CoreOptions options = core_options(config);
  EXPECT_EQ(options.database_url, "postgresql://db/lab");
  EXPECT_EQ(options.limits.connections, 7);
  EXPECT_EQ(options.limits.connections_kept, 3);
  EXPECT_EQ(options.limits.connect_timeout, std::chrono::seconds(11));
  EXPECT_EQ(options.monitoring.retention.days, 90);
  EXPECT_EQ(options.monitoring.alert_cooldown, std::chrono::minutes(2));
  EXPECT_EQ(options.monitoring.error_rate_max, 0.25);
}

}  // namespace
}  // namespace tracseq::api
