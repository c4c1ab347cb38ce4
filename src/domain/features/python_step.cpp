// SPDX-License-Identifier: MIT
#include "domain/features/python_step.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "domain/features/fit.h"
#include "domain/features/pipeline_job.h"
#include "domain/features/transformation_values.h"
#include "storage/tables/exchange.h"

namespace tracseq::features {
namespace {

using tables::Column;
using tables::ColumnType;

constexpr std::chrono::milliseconds kWaitSlice{500};  // between two looks at the run's own cancellation

// The table with its features' gaps filled and outliers clipped.
class PreprocessedReader final : public tables::BatchReader {
 public:
  PreprocessedReader(const TransformationDocument& document, std::unique_ptr<tables::BatchReader> reader)
      : document_(document), reader_(std::move(reader)) {}

  Result<const tables::ColumnBatch*> next() override {
    TRACSEQ_TRY(const tables::ColumnBatch* batch, reader_->next());
    if (batch == nullptr) return nullptr;
    batch_ = *batch;
    for (Column& column : batch_.columns) {
      for (const NumericStep& step : document_.numeric)
        if (step.column == column.name) fill_numbers(step, column);
      for (const CategoricalStep& step : document_.categorical)
        if (step.column == column.name) fill_texts(step, column);
    }
    return &batch_;
  }

 private:
  // A number column leaves as doubles: its median need not be whole.
  void fill_numbers(const NumericStep& step, Column& column) const {
    std::vector<double> values(batch_.rows);
    for (std::size_t r = 0; r < batch_.rows; ++r) {
      double value = NAN;
      if (column.present(r))
        value = column.type == ColumnType::float64   ? column.doubles[r]
                : column.type == ColumnType::boolean ? column.booleans[r]
                                                     : static_cast<double>(column.integers[r]);
      values[r] = numeric_value(step, value);
    }
    column.clear();
    column.type = ColumnType::float64;
    column.doubles = std::move(values);
  }
  void fill_texts(const CategoricalStep& step, Column& column) const {
    if (column.type != ColumnType::string || column.validity.empty()) return;
    Column filled;
    filled.name = column.name;
    filled.type = column.type;
    for (std::size_t r = 0; r < batch_.rows; ++r)
      filled.append_text(column.present(r) ? column.text(r) : step.fill);
    column = std::move(filled);
  }

  const TransformationDocument& document_;
  std::unique_ptr<tables::BatchReader> reader_;
  tables::ColumnBatch batch_;
};

std::vector<std::string> present(const std::vector<std::string>& names, const tables::Table& table) {
  std::vector<std::string> found;
  for (const auto& info : table.columns())
    if (std::find(names.begin(), names.end(), info.name) != names.end()) found.push_back(info.name);
  return found;
}

// Fills and fences of the features the table has already.
Result<TransformationDocument> preprocessing(const FeatureConfig& config, tables::Table& table,
                                             const PythonStepContext& context) {
  FeatureConfig plain = config;
  plain.numeric_features = present(config.numeric_features, table);
  plain.categorical_features = present(config.categorical_features, table);
  plain.text_features.clear();
  plain.target_column.clear();
  plain.custom_transformations.clear();
  plain.scaling_method = Scaling::none;
  plain.encoding_method = Encoding::label;
  plain.feature_selection_enabled = false;
  if (plain.numeric_features.empty() && plain.categorical_features.empty()) return TransformationDocument{};
  FitOptions options;
  options.check = context.check;
  options.memory_bytes = context.limits.memory_bytes / 2;
  TRACSEQ_TRY(const Fitted fitted, fit(plain, table, options));
  return fitted.transformation().document();
}

// Whether nobody living has hosted a function for too long.
class HostWatch {
 public:
  HostWatch(const PythonStepContext& context, std::string kind) : context_(context), kind_(std::move(kind)) {}
  // True if somebody hosts it now; an error once nobody has for host_wait.
  Result<bool> look() {
    TRACSEQ_TRY(const bool hosted, context_.jobs.hosted(kind_));
    if (hosted) {
      seen_ = Steady::now();
      return true;
    }
    if (Steady::now() - seen_ > context_.host_wait)
      return fail(
          Code::unprocessable,
          fmt::format("no process hosts the transformation '{}'; register it (register_transformation) in a "
                      "program that runs while the pipeline does",
                      kind_.substr(std::string_view(kPythonJobPrefix).size())));
    return false;
  }

 private:
  const PythonStepContext& context_;
  std::string kind_;
  Steady::time_point seen_ = Steady::now();
};

Result<void> await_host(const PythonStepContext& context, HostWatch& watch) {
  while (true) {
    TRACSEQ_TRY(const bool hosted, watch.look());
    if (hosted) return {};
    TRACSEQ_CHECK(context.check());
    context.jobs.await_change(kWaitSlice);
  }
}

// Whether the run goes on waiting for its child: not when the run was cancelled, nor when the child waits for
// a process that is gone. One whose lease ran out goes back into the queue.
Result<void> keep_waiting(const PythonStepContext& context, HostWatch& watch, const jobs::Job& child) {
  TRACSEQ_CHECK(context.check());
  if (child.state == jobs::JobState::running && child.lease_until && *child.lease_until < now())
    TRACSEQ_CHECK(context.jobs.reclaim_expired(context.ctx));
  if (child.state == jobs::JobState::queued) TRACSEQ_CHECK(watch.look());
  return {};
}

Result<void> run_child(const PythonStepContext& context, const std::string& name, Json payload) {
  jobs::JobSpec spec;
  spec.kind = kPythonJobPrefix + name;
  spec.payload = std::move(payload);
  spec.object_type = context.parent.object_type;
  spec.object_id = context.parent.object_id;
  spec.parent_id = context.parent.job_id;
  HostWatch watch(context, spec.kind);
  TRACSEQ_CHECK(await_host(context, watch));
  TRACSEQ_TRY(jobs::Job child, context.jobs.enqueue(context.ctx, spec));
  while (!jobs::is_final(child.state)) {
    if (auto going_on = keep_waiting(context, watch, child); !going_on) {
      (void)context.jobs.cancel(context.ctx, child.job_id);
      return going_on;
    }
    TRACSEQ_TRY(child, context.jobs.wait(context.ctx, child.job_id, kWaitSlice));
  }
  if (child.state == jobs::JobState::succeeded) return {};
  return fail(Code::unprocessable, fmt::format("the transformation '{}' failed: {}", name,
                                               child.error.empty() ? "it was cancelled" : child.error));
}

}  // namespace

Result<std::unique_ptr<tables::Table>> run_python_step(const PythonStepContext& context,
                                                       const Json& transformation,
                                                       const FeatureConfig& config,
                                                       std::unique_ptr<tables::Table> table) {
  const std::string name = transformation.find("name")->string_or("");
  const std::string input = context.folder + "/python-input.columns";
  const std::string output = context.folder + "/python-output.columns";
  TRACSEQ_TRY(const TransformationDocument document, preprocessing(config, *table, context));
  auto infos = table->columns();
  for (auto& info : infos)
    for (const NumericStep& step : document.numeric)
      if (step.column == info.name) info.type = ColumnType::float64;
  TRACSEQ_TRY(auto reader, table->open({}));
  PreprocessedReader preprocessed(document, std::move(reader));
  TRACSEQ_CHECK(tables::write_exchange(input, infos, preprocessed));
  table.reset();  // its memory is free while Python works
  Json payload = Json::object();
  payload.set("input", input);
  payload.set("output", output);
  payload.set("transformation", transformation);
  TRACSEQ_CHECK(run_child(context, name, std::move(payload)));
  std::error_code ignored;
  std::filesystem::remove(input, ignored);
  auto result = tables::ExchangeSource::open_file(output);
  if (!result)
    return fail(Code::unprocessable, fmt::format("what the transformation '{}' gave back cannot be read: {}",
                                                 name, result.error().message));
  TRACSEQ_TRY(auto rows, (*result)->open({}));
  TRACSEQ_TRY(tables::TableEngine* const engine, tables::table_engine());
  auto loaded = engine->load((*result)->columns(), *rows, context.folder, context.limits, context.check);
  std::filesystem::remove(output, ignored);
  return loaded;
}

}  // namespace tracseq::features
