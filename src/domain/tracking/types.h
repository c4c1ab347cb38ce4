// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/strong.h"

// The words of tracking. An experiment is a named group of runs (MLflow's sense); what the Python guide calls
// an experiment is a run.
namespace tracseq::tracking {

using RunId = Strong<struct RunIdTag>;
using ExperimentId = Strong<struct ExperimentIdTag, std::int64_t>;

inline constexpr std::int64_t kDefaultExperiment = 0;
inline constexpr std::size_t kKeyBytesMax = 250;  // of a metric, parameter or tag
inline constexpr std::size_t kNameBytesMax = 500;
inline constexpr std::size_t kTextBytesMax = 1UL << 20;  // descriptions, notes
inline constexpr std::size_t kParamsMax = 10'000;        // of one run
inline constexpr std::size_t kTagsMax = 1'000;
inline constexpr std::size_t kPointsPerCallMax = 100'000;
inline constexpr std::int64_t kPointsPerPageMax = 100'000;
inline constexpr std::int64_t kSampledPointsPerPageMax = 500'000;  // of down-sampled series

enum class RunStatus { running, completed, failed, cancelled };
TRACSEQ_DESCRIBE_ENUM(RunStatus, running, completed, failed, cancelled)

struct Experiment {
  std::int64_t experiment_id = 0;
  std::string name;
  std::string description;
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> deleted_at;  // in the trash since
  std::int64_t run_count = 0;
  std::int64_t running_count = 0;
};
TRACSEQ_DESCRIBE(Experiment, (experiment_id, name, description, created_at, created_by, deleted_at, run_count,
                              running_count))

struct Tag {
  std::string key;
  std::string value;
};
TRACSEQ_DESCRIBE(Tag, (key, value))

struct Run {
  std::string run_id;
  std::int64_t experiment_id = kDefaultExperiment;
  std::string experiment_name;
  std::optional<std::string> parent_run_id;
  std::string name;
  std::string description;
  RunStatus status = RunStatus::running;
  std::string model_type;
  std::string framework;
  std::string algorithm;
  std::string dataset_name;
  std::string dataset_version;
  Json params = Json::object();  // name -> any JSON value, in the order they were given
  std::vector<Tag> tags;
  Json config = Json::object();           // what else the caller keeps with the run
  std::map<std::string, double> metrics;  // last values
  Json final_metrics = Json::object();
  std::string notes;
  std::string created_by;
  Timestamp created_at;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> completed_at;
  Timestamp updated_at;
  std::optional<Timestamp> deleted_at;
};
TRACSEQ_DESCRIBE(Run, (run_id, experiment_id, experiment_name, parent_run_id, name, description, status,
                       model_type, framework, algorithm, dataset_name, dataset_version, params, tags, config,
                       metrics, final_metrics, notes, created_by, created_at, started_at, completed_at,
                       updated_at, deleted_at))

// ---- requests ----

struct CreateExperiment {
  std::string name;
  std::string description;
};
TRACSEQ_DESCRIBE(CreateExperiment, (name, description))

struct ExperimentRef {
  std::int64_t experiment_id = 0;
  std::string reason;
};
TRACSEQ_DESCRIBE(ExperimentRef, (experiment_id, reason))

struct UpdateExperiment {
  std::int64_t experiment_id = 0;
  std::optional<std::string> name;
  std::optional<std::string> description;
};
TRACSEQ_DESCRIBE(UpdateExperiment, (experiment_id, name, description))

struct ListExperiments {
  bool deleted = false;  // the trash instead
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListExperiments, (deleted, limit, page_token))

struct ExperimentPage {
  std::vector<Experiment> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ExperimentPage, (items, next_page_token))

struct StartRun {
  std::string run_id;  // empty: a new one
  std::int64_t experiment_id = kDefaultExperiment;
  std::optional<std::string> parent_run_id;
  std::string name;  // empty: made from the id
  std::string description;
  std::string model_type;
  std::string framework;
  std::string algorithm;
  std::string dataset_name;
  std::string dataset_version;
  Json params = Json::object();
  std::vector<Tag> tags;
  Json config = Json::object();
  std::string created_by;  // empty: the caller
  std::optional<Timestamp> created_at;
};
TRACSEQ_DESCRIBE(StartRun,
                 (run_id, experiment_id, parent_run_id, name, description, model_type, framework, algorithm,
                  dataset_name, dataset_version, params, tags, config, created_by, created_at))

struct RunRef {
  std::string run_id;
  std::string reason;
};
TRACSEQ_DESCRIBE(RunRef, (run_id, reason))

struct UpdateRun {
  std::string run_id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> notes;
  std::optional<std::vector<Tag>> tags;  // replaces all
  Json params = Json::object();          // adds; an existing name with another value is a conflict
  std::optional<RunStatus> status;
  std::optional<Timestamp> completed_at;
  std::optional<std::map<std::string, double>> final_metrics;
};
TRACSEQ_DESCRIBE(UpdateRun,
                 (run_id, name, description, notes, tags, params, status, completed_at, final_metrics))

struct ListRuns {
  std::vector<std::int64_t> experiment_id;
  std::vector<std::string> run_id;
  std::vector<RunStatus> status;
  std::string model_type;
  std::vector<std::string> tag;  // runs that have any of them
  std::string search;            // part of name, description or id, without regard to case
  std::string query;             // metrics.auc > 0.9 and params.lr < 1e-3
  std::string order_by = "created_at desc";
  bool deleted = false;
  std::int64_t offset = 0;
  std::int64_t limit = 50;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListRuns, (experiment_id, run_id, status, model_type, tag, search, query, order_by, deleted,
                            offset, limit, page_token))

struct RunPage {
  std::vector<Run> items;
  std::optional<std::string> next_page_token;
  std::int64_t total = 0;  // of all pages
};
TRACSEQ_DESCRIBE(RunPage, (items, next_page_token, total))

struct MetricPoint {
  std::string run_id;
  std::string key;
  std::int64_t step = 0;
  std::optional<std::int64_t> epoch;
  std::optional<Timestamp> time;  // absent: when it arrives
  double value = 0;
};
TRACSEQ_DESCRIBE(MetricPoint, (run_id, key, step, epoch, time, value))

struct LogMetrics {
  std::string run_id;  // of points that name none
  std::vector<MetricPoint> points;
};
TRACSEQ_DESCRIBE(LogMetrics, (run_id, points))

struct Logged {
  std::int64_t points = 0;
};
TRACSEQ_DESCRIBE(Logged, (points))

struct GetSeries {
  std::vector<std::string> run_id{};
  std::vector<std::string> key{};  // empty: all
  std::int64_t max_points = 0;     // per series; 0: every point
  std::optional<std::int64_t> min_step{};
  std::optional<std::int64_t> max_step{};
  std::string page_token{};
};
TRACSEQ_DESCRIBE(GetSeries, (run_id, key, max_points, min_step, max_step, page_token))

// Columns of equal length, ordered by step, time, arrival.
struct Series {
  std::string run_id;
  std::string key;
  std::vector<std::int64_t> steps;
  std::vector<std::optional<std::int64_t>> epochs;
  std::vector<Timestamp> times;
  std::vector<double> values;
  std::int64_t total_points = 0;  // before down-sampling, of all pages
};
TRACSEQ_DESCRIBE(Series, (run_id, key, steps, epochs, times, values, total_points))

struct SeriesList {
  std::vector<Series> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(SeriesList, (items, next_page_token))

}  // namespace tracseq::tracking
