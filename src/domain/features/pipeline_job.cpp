// SPDX-License-Identifier: MIT
#include "domain/features/pipeline_job.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "domain/data/input_place.h"
#include "domain/data/quality.h"
#include "domain/features/output_files.h"
#include "domain/features/pipeline_output.h"
#include "domain/features/python_step.h"
#include "storage/tables/file_source.h"

namespace tracseq::features {
namespace {

namespace fs = std::filesystem;

// One run, from its file to its outputs.
class Pipeline {
 public:
  Pipeline(PipelineJob::Services& services, const CallContext& ctx, const jobs::Job& job,
           jobs::JobReporter& reporter, const std::string& work_root, const tables::EngineLimits& limits,
           std::chrono::milliseconds host_wait)
      : services_(services),
        ctx_(ctx),
        job_(job),
        reporter_(reporter),
        work_root_(work_root),
        limits_(limits),
        host_wait_(host_wait) {
    ctx_.project_id = job.project_id;
    fit_options_.check = check_;
    fit_options_.memory_bytes = limits.memory_bytes / 2;
  }

  Result<Json> go() {
    TRACSEQ_TRY(settings_, from_document<PipelineSettings>(job_.payload, UnknownFields::ignore));
    TRACSEQ_TRY(run_, services_.runs.get(ctx_, {job_.object_id}));
    if (run_.status == PipelineStatus::completed)
      return result();  // the worker before died between row and job
    run_.processing_steps.clear();
    run_.status = PipelineStatus::running;
    run_.started_at = now();
    run_.error_message.reset();
    TRACSEQ_CHECK(services_.runs.update(ctx_, run_));
    auto done = work();
    table_.reset();
    if (done) return result();
    const Code code = done.error().code;
    discard_outputs(code);
    // What is wrong with the file or the configuration stays wrong; the rest the queue may try again.
    const bool final = code == Code::invalid || code == Code::not_found || code == Code::unprocessable ||
                       code == Code::unsupported || code == Code::conflict || code == Code::too_large;
    if (final) TRACSEQ_CHECK(end_failed(done.error()));
    reporter_.log("failed: " + done.error().message);
    return fail(done.error());
  }

 private:
  void step(std::string name, double progress) {
    reporter_.progress(progress, name);
    reporter_.log(name);
    run_.processing_steps.push_back(std::move(name));
  }

  Result<void> work() {
    TRACSEQ_TRY(const data::Schema schema, services_.schemas.get(ctx_, {run_.schema_id}));
    TRACSEQ_TRY(schema_, data::parse_schema(schema));
    TRACSEQ_TRY(config_, services_.configs.get(ctx_, {run_.feature_config_id}));
    TRACSEQ_TRY(data::WorkFolder folder, data::WorkFolder::make(work_root_));
    folder_ = folder.path();
    work_folder_.emplace(std::move(folder));
    TRACSEQ_CHECK(load());
    TRACSEQ_CHECK(assess());
    TRACSEQ_CHECK(preprocess());
    TRACSEQ_TRY(Fitted fitted, fit_features());
    TRACSEQ_CHECK(write(fitted));
    return finish(fitted);
  }

  Result<void> load() {
    step("load", 0.02);
    TRACSEQ_TRY(input_, data::InputPlace::open(settings_.data_root, settings_.path));
    TRACSEQ_TRY(file_, tables::inspect_file(input_->path(), check_,
                                            settings_.name.empty() ? settings_.path : settings_.name));
    TRACSEQ_CHECK(data::check_digest(file_, settings_.expected_digest));
    run_.input_data_hash = file_.digest;
    TRACSEQ_TRY(tables::TableEngine* const engine, tables::table_engine());
    TRACSEQ_TRY(columns_, engine->describe(file_));
    std::vector<std::string> missing = data::missing_columns(schema_, columns_);
    if (config_.custom_transformations.empty()) add_missing_features(missing);
    if (!missing.empty())
      return fail(
          Error{Code::invalid,
                fmt::format("the file has no column {}; it is required", fmt::join(quoted(missing), ", ")),
                {},
                missing.front()});
    std::vector<std::string> texts = config_.categorical_features;
    texts.insert(texts.end(), config_.text_features.begin(), config_.text_features.end());
    TRACSEQ_TRY(table_,
                engine->load(file_, data::load_plan(schema_, columns_, config_.numeric_features, texts),
                             folder_, limits_, check_));
    run_.input_rows = table_->rows();
    reporter_.log(
        fmt::format("{} rows, {} columns, SHA-256 {}", table_->rows(), columns_.size(), file_.digest));
    return {};
  }

  static std::vector<std::string> quoted(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) out.push_back("'" + name + "'");
    return out;
  }

  void add_missing_features(std::vector<std::string>& missing) const {
    std::vector<std::string> wanted = config_.numeric_features;
    wanted.insert(wanted.end(), config_.categorical_features.begin(), config_.categorical_features.end());
    wanted.insert(wanted.end(), config_.text_features.begin(), config_.text_features.end());
    if (!config_.target_column.empty()) wanted.push_back(config_.target_column);
    for (const auto& name : wanted) {
      const bool there =
          std::any_of(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == name; });
      if (!there && std::find(missing.begin(), missing.end(), name) == missing.end()) missing.push_back(name);
    }
  }

  Result<void> assess() {
    step("validate", 0.25);
    TRACSEQ_TRY(data::QualityReport report, data::assess(*table_, schema_, {}, check_));
    report.report_id = run_.run_id;  // one report a run, also when it is run again
    report.schema_id = run_.schema_id;
    report.dataset_hash = file_.digest;
    report.created_at = now();
    TRACSEQ_TRY(report, services_.reports.store(ctx_, report));
    run_.quality_report_id = report.report_id;
    run_.data_quality_score = report.quality_score;
    reporter_.log(fmt::format("quality {:.3f}, {} issues", report.quality_score, report.issues.size()));
    if (report.quality_score >= settings_.quality_threshold) return {};
    std::string worst;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, report.issues.size()); ++i)
      worst += (i == 0 ? ": " : "; ") + report.issues[i].description;
    return fail(Code::unprocessable, fmt::format("the quality score {:.3f} is below the threshold {}{}",
                                                 report.quality_score, settings_.quality_threshold, worst));
  }

  Result<void> preprocess() {
    if (config_.drop_duplicates) {
      step("drop_duplicates", 0.45);
      TRACSEQ_TRY(const std::int64_t dropped, table_->drop_duplicates(check_));
      if (dropped > 0) reporter_.log(fmt::format("{} repeated rows dropped", dropped));
    }
    if (table_->rows() == 0) return fail(Code::invalid, "the table has no rows");
    TRACSEQ_TRY(std::string target, target_column());
    config_.target_column = std::move(target);
    for (const Json& transformation : config_.custom_transformations) {
      const std::string name = transformation.find("name")->string_or("");
      step("python:" + name, 0.5);
      TRACSEQ_TRY(table_, run_python_step({services_.jobs, ctx_, job_, folder_, limits_, check_, host_wait_},
                                          transformation, config_, std::move(table_)));
      reporter_.log(
          fmt::format("{} rows, {} columns after '{}'", table_->rows(), table_->columns().size(), name));
    }
    return {};
  }

  // Target encoding learns from a column; where none is named, the schema must leave one choice only.
  Result<std::string> target_column() const {
    if (!config_.target_column.empty() || config_.encoding_method != Encoding::target ||
        config_.categorical_features.empty())
      return config_.target_column;
    std::vector<std::string> found;
    for (const auto& rule : schema_.columns) {
      const auto named = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), rule.name) != names.end();
      };
      if (rule.type == tables::ColumnType::string || rule.type == tables::ColumnType::timestamp) continue;
      if (!named(config_.numeric_features) && !named(config_.categorical_features))
        found.push_back(rule.name);
    }
    if (found.size() == 1) return found.front();
    return fail_field(
        "target_column",
        fmt::format("target_column: target encoding needs the column it learns from; {}",
                    found.empty() ? "the schema has no numeric or boolean column that is no feature"
                                  : fmt::format("name one of {}", fmt::join(found, ", "))));
  }

  Result<Fitted> fit_features() {
    double progress = 0.55;
    if (!config_.numeric_features.empty()) {
      step(fmt::format("impute_{}", enum_name(config_.numeric_imputation)), progress);
      if (config_.clip_outliers) step("clip_outliers", progress);
      if (config_.scaling_method != Scaling::none)
        step(fmt::format("scale_{}", enum_name(config_.scaling_method)), progress);
    }
    if (!config_.categorical_features.empty()) {
      step(fmt::format("impute_{}", enum_name(config_.categorical_imputation)), progress);
      step(fmt::format("encode_{}", enum_name(config_.encoding_method)), progress);
    }
    if (!config_.text_features.empty()) step("vectorize_tfidf", progress);
    if (config_.feature_selection_enabled) step("select_features", progress);
    fit_options_.step = [this, progress](std::string_view what) mutable -> Result<void> {
      progress = std::min(0.75, progress + 0.04);
      reporter_.progress(progress, std::string(what));
      return check_();
    };
    fit_options_.reserved = passed_names(config_, schema_, *table_);
    TRACSEQ_TRY(Fitted fitted, fit(config_, *table_, fit_options_));
    for (const auto& dropped : fitted.transformation().document().dropped)
      reporter_.log(fmt::format("'{}' left out: {}", dropped.name, dropped.reason));
    return fitted;
  }

  [[nodiscard]] std::string staging() const {
    return settings_.output_folder.empty()
               ? folder_
               : (fs::path(settings_.output_folder) / ("." + run_.run_id + ".part")).string();
  }

  Result<void> write(Fitted& fitted) {
    step("write", 0.8);
    std::error_code error;
    if (!settings_.output_folder.empty()) {
      fs::remove_all(staging(), error);
      fs::create_directories(staging(), error);
      if (error)
        return fail(Code::unavailable, fmt::format("the output folder cannot be made: {}", error.message()),
                    staging());
    }
    TRACSEQ_TRY(const PassedColumns passed, passed_columns(config_, schema_, *table_, fit_options_));
    const auto infos = OutputReader::columns(fitted, passed);
    std::vector<std::string> names;
    for (const auto& info : infos) names.push_back(info.name);
    TRACSEQ_TRY(tables::CsvWriter csv, tables::CsvWriter::create(staging() + "/" + kCsvFile, names));
    TRACSEQ_TRY(OutputReader rows, OutputReader::open(fitted, passed, *table_, &csv, check_));
    // DuckDB may write below the run's work folder alone; the file is moved afterwards.
    const std::string parquet = folder_ + "/" + kParquetFile;
    TRACSEQ_CHECK(table_->write_parquet(infos, rows, parquet));
    TRACSEQ_TRY(const auto written, csv.finish());
    TRACSEQ_CHECK(move_file(parquet, staging() + "/" + kParquetFile));
    run_.output_data_hash = written.digest;
    run_.output_rows = written.rows;
    run_.feature_count = static_cast<std::int64_t>(fitted.transformation().output_count());
    reporter_.log(
        fmt::format("{} rows, {} features, SHA-256 {}", written.rows, run_.feature_count, written.digest));
    return {};
  }

  Result<artifacts::StoredContent> keep(ByteSource& source) {
    return services_.catalog.store(ctx_, source, {});
  }

  // Artifacts first, then the folder in one rename, then the row that makes all of it count.
  Result<void> finish(const Fitted& fitted) {
    const std::string text = fitted.transformation().to_text();
    TextSource document(text);
    TRACSEQ_TRY(const auto transformation, keep(document));
    std::optional<artifacts::StoredContent> csv, parquet;
    if (settings_.output_folder.empty()) {
      TRACSEQ_TRY(tables::FileSource csv_file, tables::FileSource::open(folder_ + "/" + kCsvFile));
      TRACSEQ_TRY(csv, keep(csv_file));
      TRACSEQ_TRY(tables::FileSource parquet_file, tables::FileSource::open(folder_ + "/" + kParquetFile));
      TRACSEQ_TRY(parquet, keep(parquet_file));
    } else {
      TRACSEQ_CHECK(publish(text));
    }
    run_.status = PipelineStatus::completed;
    run_.completed_at = now();
    TRACSEQ_TRY(run_, services_.runs.update(ctx_, run_, [&](sql::Transaction& tx) -> Result<void> {
      TRACSEQ_TRY(const std::string id, commit(tx, kTransformationFile, "transformation", transformation));
      run_.transformation_id = id;
      if (csv) TRACSEQ_CHECK(commit(tx, kCsvFile, "table", *csv));
      if (parquet) TRACSEQ_CHECK(commit(tx, kParquetFile, "table", *parquet));
      return {};
    }));
    reporter_.progress(1, "completed");
    return {};
  }

  // Everything is on the disk, under its name, before the run's row says so.
  Result<void> publish(const std::string& transformation) {
    const std::string folder = (fs::path(settings_.output_folder) / run_.run_id).string();
    TRACSEQ_CHECK(write_synced(staging() + "/" + kTransformationFile, transformation));
    TRACSEQ_CHECK(sync_path(staging() + "/" + kCsvFile));
    TRACSEQ_CHECK(sync_path(staging() + "/" + kParquetFile));
    published_ = true;
    TRACSEQ_CHECK(publish_folder(staging(), folder));
    run_.output_data_path = folder + "/" + kCsvFile;
    return {};
  }

  Result<std::string> commit(sql::Transaction& tx, const char* path, const char* type,
                             const artifacts::StoredContent& content) {
    artifacts::NewArtifact made;
    made.owner_type = artifacts::OwnerType::pipeline_run;
    made.owner_id = run_.run_id;
    made.path = path;
    made.artifact_type = type;
    TRACSEQ_TRY(const artifacts::Artifact artifact, services_.catalog.commit(tx, ctx_, made, content));
    return artifact.artifact_id;
  }

  // A conflict at the end means that another worker has finished the run: what lies there is its output.
  void discard_outputs(Code code) {
    std::error_code ignored;
    if (settings_.output_folder.empty()) return;
    fs::remove_all(staging(), ignored);
    if (published_ && code != Code::conflict)
      fs::remove_all(fs::path(settings_.output_folder) / run_.run_id, ignored);
  }

  Result<void> end_failed(const Error& error) {
    run_.status = PipelineStatus::failed;
    run_.completed_at = now();
    run_.error_message = error.message;
    run_.output_data_path.reset();
    run_.output_data_hash.reset();
    run_.output_rows = 0;
    TRACSEQ_CHECK(services_.runs.update(ctx_, run_));
    return {};
  }

  Result<Json> result() const {
    Json json = Json::object();
    json.set("run_id", run_.run_id);
    return json;
  }

  PipelineJob::Services& services_;
  CallContext ctx_;
  const jobs::Job& job_;
  jobs::JobReporter& reporter_;
  const std::string& work_root_;
  const tables::EngineLimits& limits_;
  const std::chrono::milliseconds host_wait_;
  const tables::Check check_ = [this] { return ctx_.check(); };
  FitOptions fit_options_;
  PipelineSettings settings_;
  PipelineRun run_;
  data::ParsedSchema schema_;
  FeatureConfig config_;
  std::optional<data::InputPlace> input_;
  tables::InputFile file_;
  std::vector<tables::ColumnInfo> columns_;
  std::string folder_;
  std::optional<data::WorkFolder> work_folder_;  // before the table, which spills into it
  bool published_ = false;
  std::unique_ptr<tables::Table> table_;
};

}  // namespace

Result<Json> PipelineJob::run(const CallContext& ctx, const jobs::Job& job, jobs::JobReporter& reporter) {
  return Pipeline(services_, ctx, job, reporter, work_root_, limits_, host_wait_).go();
}

}  // namespace tracseq::features
