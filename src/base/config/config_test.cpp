// SPDX-License-Identifier: MIT
#include "base/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace tracseq::config {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    sources_.path = (folder_ / "mlops_config.json").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text) { std::ofstream(sources_.path) << text; }

  std::filesystem::path folder_;
  Sources sources_;
};

TEST_F(ConfigTest, AMissingFileMeansTheDefaultsOfTheEnvironment) {
  const auto development = load(sources_);
  ASSERT_TRUE(development) << development.error().message;
  EXPECT_EQ(development->config.database.url, "sqlite:///mlops_dev.db");
  EXPECT_EQ(development->config.monitoring.health_check_interval_seconds, 60);
  EXPECT_FALSE(development->config.security.api_key_required);
  EXPECT_EQ(development->origins.at("database.url"), "default");

  sources_.environment = Environment::production;
  const auto production = load(sources_);
  ASSERT_TRUE(production);
  EXPECT_EQ(production->config.database.url, "sqlite:///mlops.db");
  EXPECT_EQ(production->config.database.max_connections, 50);
  EXPECT_EQ(production->config.deployment.default_replicas, 3);
  EXPECT_EQ(production->config.security.session_timeout_minutes, 30);
}

TEST_F(ConfigTest, LaterSourcesWinAndEveryValueKnowsItsOrigin) {
  write(
      R"({"production": {"database": {"url": "sqlite:///p.db"}, "monitoring": {"alert_cooldown_minutes": 7}},
            "default": {"database": {"url": "sqlite:///d.db", "max_connections": 33, "pool_size": 4}}})");
  sources_.environment = Environment::production;
  sources_.variables = {
      {"MLOPS_DATA_DIR", "/data"}, {"MLOPS_ERROR_THRESHOLD", "0.25"}, {"MLOPS_REDIS_URL", ""}};
  sources_.flags = {{"data_pipeline.data_dir", "/flag"}};
  const auto loaded = load(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.database.url, "sqlite:///p.db");
  EXPECT_EQ(loaded->config.database.max_connections, 33);
  EXPECT_EQ(loaded->config.monitoring.alert_cooldown_minutes, 7);
  EXPECT_EQ(loaded->config.monitoring.default_error_threshold, 0.25);
  EXPECT_EQ(loaded->config.data_pipeline.data_dir, "/flag");
  EXPECT_FALSE(loaded->config.cache.redis_url.has_value());
  EXPECT_THAT(loaded->origins.at("database.url"), HasSubstr("section production"));
  EXPECT_THAT(loaded->origins.at("database.max_connections"), HasSubstr("section default"));
  EXPECT_EQ(loaded->origins.at("monitoring.default_error_threshold"), "variable MLOPS_ERROR_THRESHOLD");
  EXPECT_EQ(loaded->origins.at("data_pipeline.data_dir"), "flag");
}

TEST_F(ConfigTest, EveryVariableSetsTheKeyItNames) {
  for (const Variable& variable : variables()) {
    Sources sources = sources_;
    const bool number = std::string(variable.key).find("max_") != std::string::npos ||
                        std::string(variable.key).find("interval") != std::string::npos;
    const bool share = std::string(variable.key).find("threshold") != std::string::npos;
    const std::string url =
        variable.key == std::string("cache.redis_url") ? "redis://cache" : "sqlite:///given.db";
    sources.variables[variable.name] = number ? "41" : share ? "0.5" : url;
    const auto loaded = load(sources);
    ASSERT_TRUE(loaded) << variable.name << ": " << loaded.error().message;
    EXPECT_EQ(loaded->origins.at(variable.key), std::string("variable ") + variable.name);
  }
}

TEST_F(ConfigTest, AllWrongKeysAndValuesAreNamedAtOnce) {
  write(R"({"development": {"database": {"urll": "x", "max_connections": "many"}, "databse": {}},
            "staging": {"monitoring": {"dashboard_dir": 3}}, "prod": {}})");
  sources_.variables = {{"MLOPS_HEALTH_CHECK_INTERVAL", "soon"}};
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::invalid);
  for (const char* part :
       {"unknown key 'database.urll'", "allowed: url, max_connections, connection_timeout, pool_size",
        "database.max_connections is \"many\"", "unknown key 'databse'", "monitoring.dashboard_dir is 3",
        "unknown section 'prod'", "variable MLOPS_HEALTH_CHECK_INTERVAL", "\"soon\""})
    EXPECT_THAT(loaded.error().message, HasSubstr(part));
}

TEST_F(ConfigTest, ValuesOutOfRangeAreRefusedWithTheirOriginAndTheRange) {
  sources_.variables = {{"MLOPS_ERROR_THRESHOLD", "1.5"}, {"MLOPS_MAX_CONNECTIONS", "0"}};
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("variable MLOPS_ERROR_THRESHOLD"));
  EXPECT_THAT(loaded.error().message, HasSubstr("1.5; it must be 0 to 1"));
  EXPECT_THAT(loaded.error().message, HasSubstr("variable MLOPS_MAX_CONNECTIONS"));
}

TEST_F(ConfigTest, MistypedVariablesAreNamedWithTheNearestOne) {
  sources_.variables = {{"MLOPS_DATABSE_URL", "sqlite:///x.db"},
                        {"MLOPS_ENVIRONMENT", "development"},
                        {"MLOPS_SERVER", "http://127.0.0.1:1"},
                        {"MLOPS_COMPLETELY_ANOTHER_THING", "x"},
                        {"PATH", "/bin"}};
  const auto loaded = load(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->warnings.size(), 2U);
  EXPECT_EQ(loaded->warnings[0], "the variable MLOPS_COMPLETELY_ANOTHER_THING is read by nothing");
  EXPECT_EQ(loaded->warnings[1],
            "the variable MLOPS_DATABSE_URL is read by nothing; did you mean MLOPS_DATABASE_URL?");
}

TEST_F(ConfigTest, FilesThatAreTooLongAreNeitherReadNorReplaced) {
  const std::string text = R"({"default": {}})" + std::string(kFileBytesMax, ' ');
  write(text);
  EXPECT_EQ(load(sources_).error().code, Code::too_large);
  const auto saved = save(sources_.path, defaults(Environment::staging));
  EXPECT_EQ(saved.error().code, Code::too_large);
  EXPECT_NE(saved.error().message.find("left as it is"), std::string::npos) << saved.error().message;
  sources_.path = "/dev/zero";  // has no size and no end
  EXPECT_EQ(load(sources_).error().code, Code::too_large);
}

TEST_F(ConfigTest, APoolNobodyAskedForFollowsTheLimit) {
  sources_.variables = {{"MLOPS_MAX_CONNECTIONS", "4"}};
  const auto loaded = load(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.database.pool_size, 4);
  write(R"({"default": {"database": {"pool_size": 5}}})");
  EXPECT_FALSE(load(sources_));
}

TEST_F(ConfigTest, SecretsNeverStandInMessages) {
  write(
      R"({"development": {"security": {"jwt_secret_key": ["hunter2"]}, "database": {"url": "mysql://u:hunter2@h"}}})");
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, Not(HasSubstr("hunter2")));
  EXPECT_THAT(loaded.error().message, HasSubstr("security.jwt_secret_key"));
  for (const auto& [document, told] : std::vector<std::pair<std::string, std::string>>{
           {R"({"database": {"url": "mysql://u:hunter2@h/x"}})", "'mysql://u:***@h/x'"},
           {R"({"database": {"url": "host=h password=hunter2"}})", "'***'"},
           {R"({"database": {"url": 5}})", "database.url is 5"},
           {R"({"database": {"url": ["hunter2"]}})", "database.url has"},
           {R"({"database": {"pool_size": 1e400}})",
            "default.database.pool_size is a value too large for a double at column"},
           {R"({"database": {"pool_size": 18446744073709551615}})",
            "default.database.pool_size is a value too large for an integer"},
           {R"({"security": {"jwt_secret_key": hunter2}})", "expected a value at column"},
           {R"({"security": {"jwt_secret_key": 7hunter2}})", "jwt_secret_key is a value which is no number"},
           {R"({"cache": {"redis_url": "http://u:hunter2@x"}})", "'http://u:***@x'"}}) {
    write(R"({"default": )" + document + "}");
    const auto wrong = load(sources_);
    ASSERT_FALSE(wrong) << document;
    EXPECT_THAT(wrong.error().message, Not(HasSubstr("hunter2")));
    EXPECT_THAT(wrong.error().message, HasSubstr(told));
  }
}

TEST_F(ConfigTest, BrokenFilesAreNamed) {
  for (const char* text : {"{", "[]", "", "{\"default\": 3}", "\xff"}) {
    write(text);
    const auto loaded = load(sources_);
    ASSERT_FALSE(loaded) << text;
    EXPECT_THAT(loaded.error().message, HasSubstr(sources_.path));
  }
  write("{\"default\":\n  {\"database\": }}");
  EXPECT_EQ(load(sources_).error().message,
            sources_.path + " is not valid JSON: expected a value at line 2, column 16");
  const auto saved = save(sources_.path, defaults(Environment::staging));
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().message, HasSubstr("line 2, column 16, so it is left as it is"));
  sources_.path = folder_.string();
  ASSERT_FALSE(load(sources_));
}

TEST_F(ConfigTest, NotANumberIsNoThreshold) {
  write(R"({"default": {"monitoring": {"default_error_threshold": "NaN"}}})");
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().field, "monitoring.default_error_threshold");
  Config config = defaults(Environment::staging);
  config.monitoring.default_error_threshold = std::nan("");
  EXPECT_EQ(validate(config).size(), 1U);
}

TEST_F(ConfigTest, ValidateListsEveryFault) {
  Config config = defaults(Environment::staging);
  EXPECT_TRUE(validate(config).empty());
  config.database.pool_size = 30;
  config.monitoring.default_error_threshold = -1;
  config.cache.redis_url = "http://x";
  config.model_registry.registry_path = "";
  std::vector<std::string> fields;
  for (const Error& fault : validate(config)) fields.push_back(fault.field);
  EXPECT_THAT(fields,
              testing::UnorderedElementsAre("database.pool_size", "monitoring.default_error_threshold",
                                            "cache.redis_url", "model_registry.registry_path"));
}

TEST_F(ConfigTest, SavedSettingsComeBackAndOtherSectionsStay) {
  write(
      R"({"default": {"database": {"max_connections": 40}}, "staging": {"database": {"url": "sqlite:///s.db"}}})");
  Config config = defaults(Environment::production);
  config.deployment.kubernetes_config_path = "/etc/kube";
  config.security.jwt_secret_key = "s";
  ASSERT_TRUE(save(sources_.path, config));
  struct stat info{};
  ASSERT_EQ(::stat(sources_.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  sources_.environment = Environment::production;
  const auto loaded = load(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(to_json(loaded->config), to_json(config));
  sources_.environment = Environment::staging;
  const auto staging = load(sources_);
  ASSERT_TRUE(staging);
  EXPECT_EQ(staging->config.database.url, "sqlite:///s.db");
  EXPECT_EQ(staging->config.database.max_connections, 40);
}

TEST_F(ConfigTest, SaveRefusesFaultsAndForeignFiles) {
  Config config = defaults(Environment::staging);
  config.database.url = "";
  EXPECT_FALSE(save(sources_.path, config));
  EXPECT_FALSE(std::filesystem::exists(sources_.path));
  write("not json");
  EXPECT_FALSE(save(sources_.path, defaults(Environment::staging)));
  std::ifstream file(sources_.path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "not json");
  const auto deep = (folder_ / "a" / "b.json").string();
  EXPECT_TRUE(save(deep, defaults(Environment::staging)));
  EXPECT_TRUE(std::filesystem::exists(deep));
}

TEST_F(ConfigTest, TheEnvironmentComesFromItsVariable) {
  EXPECT_EQ(environment_of({}).value(), Environment::development);
  EXPECT_EQ(environment_of({{"MLOPS_ENVIRONMENT", "production"}}).value(), Environment::production);
  const auto wrong = environment_of({{"MLOPS_ENVIRONMENT", "prod"}});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("development, staging, production"));
}

// A setting that promises what is not there yet must not be believed in silence.
TEST_F(ConfigTest, WhatNothingFollowsIsSaid) {
  write(R"({"default": {"security": {"encryption_enabled": true, "api_key": "k"},
                        "model_registry": {"max_model_versions": 10, "backup_interval_hours": 7}}})");
  const auto loaded = load(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_EQ(loaded->warnings[0],
            "kept, but followed by nothing in this version: model_registry.backup_interval_hours, "
            "security.encryption_enabled");
  EXPECT_TRUE(not_used_yet("cache.redis_url"));
  EXPECT_FALSE(not_used_yet("database.url"));
}

TEST_F(ConfigTest, AWrongLimitIsTheOnlyFaultItMakes) {
  write(R"({"default": {"database": {"max_connections": -1}}})");
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("database.max_connections"), std::string::npos);
  EXPECT_EQ(loaded.error().message.find("pool_size"), std::string::npos) << loaded.error().message;
}

TEST_F(ConfigTest, BytesThatAreNoTextAreRefused) {
  sources_.variables["MLOPS_API_KEY"] = "a\x8c";
  const auto loaded = load(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("security.api_key is not valid UTF-8"), std::string::npos)
      << loaded.error().message;
}

}  // namespace
}  // namespace tracseq::config
