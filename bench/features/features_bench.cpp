// SPDX-License-Identifier: MIT
// Features: fit and transform of a table in memory, one row, and a CSV file to Parquet. Prints one JSON
// object.
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "domain/data/quality.h"
#include "domain/features/fit.h"
#include "domain/features/pipeline_output.h"
#include "storage/tables/csv_writer.h"
#include "storage/tables/exchange.h"
#include "storage/tables/table_engine.h"

namespace {

using namespace tracseq;
using namespace tracseq::features;

class Stopwatch {
 public:
  // Seconds since the last look.
  double lap() {
    const auto now = Steady::now();
    const std::chrono::duration<double> took = now - last_;
    last_ = now;
    return took.count();
  }

 private:
  Steady::time_point last_ = Steady::now();
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}: {}\n", result.error().message, result.error().detail);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<tables::ColumnBatch> load(const std::string& path) {
  const auto source = must(tables::ExchangeSource::open_file(path));
  const auto reader = must(static_cast<tables::BatchSource&>(*source).open({}));
  std::vector<tables::ColumnBatch> batches;
  while (const tables::ColumnBatch* batch = must(reader->next())) {
    // In pieces of the size a run has.
    for (std::size_t first = 0; first < batch->rows; first += tables::kBatchRows) {
      const std::size_t last = std::min(batch->rows, first + tables::kBatchRows);
      tables::ColumnBatch& piece = batches.emplace_back();
      piece.rows = last - first;
      for (const auto& from : batch->columns) {
        tables::Column& column = piece.columns.emplace_back();
        column.name = from.name;
        column.type = from.type;
        for (std::size_t r = first; r < last; ++r) {
          if (from.type == tables::ColumnType::string)
            column.append_text(from.present(r) ? from.text(r) : std::string_view{});
          else
            column.doubles.push_back(from.doubles[r]);
          if (!from.present(r)) column.set_missing(r - first, piece.rows);
        }
      }
    }
  }
  return batches;
}

// IN.columns CONFIG.json OUT.columns: the output is written afterwards, to be compared.
int fit_transform(const std::string& input, const std::string& config_path, const std::string& output) {
  const auto config = must(from_json<FeatureConfig>(read_text(config_path)));
  const auto batches = load(input);
  tables::MemorySource source(batches);
  Stopwatch watch;
  Fitted fitted = must(fit(config, source));
  const double fit_seconds = watch.lap();
  std::vector<tables::ColumnBatch> made(batches.size());
  Encoded encoded;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    must(fitted.encode_training(batches[b], encoded));
    fitted.transformation().lay_out(encoded, 0, batches[b].rows, made[b]);
  }
  const double transform_seconds = watch.lap();
  tables::MemorySource result(made);
  const auto reader = must(result.open({}));
  must(tables::write_exchange(output, result.columns(), *reader));
  fmt::print("{{\"fit\": {:.6f}, \"transform\": {:.6f}, \"columns\": {}}}\n", fit_seconds, transform_seconds,
             result.columns().size());
  return 0;
}

// IN.columns CONFIG.json COUNT
int row(const std::string& input, const std::string& config_path, int count) {
  const auto config = must(from_json<FeatureConfig>(read_text(config_path)));
  const auto batches = load(input);
  tables::MemorySource source(batches);
  const Fitted fitted = must(fit(config, source));
  const FittedTransformation& transformation = fitted.transformation();
  std::vector<std::vector<Value>> rows;
  for (std::size_t r = 0; r < std::min<std::size_t>(1000, batches.front().rows); ++r) {
    auto& values = rows.emplace_back();
    for (const auto& name : transformation.inputs()) {
      const tables::Column& column = *batches.front().find(name);
      if (!column.present(r))
        values.emplace_back();
      else
        values.push_back(column.type == tables::ColumnType::string ? Value::of(column.text(r))
                                                                   : Value::of(column.doubles[r]));
    }
  }
  RowScratch scratch;
  std::vector<double> out(transformation.output_count());
  double sum = 0;
  Stopwatch watch;
  for (int i = 0; i < count; ++i) {
    must(transformation.transform_row(rows[static_cast<std::size_t>(i) % rows.size()], scratch, out));
    sum += out.front();
  }
  const double seconds = watch.lap();
  fmt::print("{{\"microseconds\": {:.4f}, \"checksum\": {:.6f}}}\n", seconds * 1e6 / count, sum);
  return 0;
}

// IN.csv SCHEMA.json CONFIG.json FOLDER
int csv(const std::string& input, const std::string& schema_path, const std::string& config_path,
        const std::string& folder) {
  const auto config = must(from_json<FeatureConfig>(read_text(config_path)));
  data::Schema schema;
  schema.columns = must(parse_json(read_text(schema_path)));
  const auto parsed = must(data::parse_schema(schema));
  const tables::Check check;
  tables::TableEngine* const engine = must(tables::table_engine());
  Stopwatch watch;
  const auto file = must(tables::inspect_file(input));
  const double inspect = watch.lap();
  std::vector<tables::LoadColumn> wanted;
  for (const auto& name : config.numeric_features)
    wanted.push_back({name, tables::ColumnType::float64, false});
  for (const auto& name : config.categorical_features)
    wanted.push_back({name, tables::ColumnType::string, false});
  const auto table = must(engine->load(file, wanted, folder, {}, check));
  const double loaded = watch.lap();
  Fitted fitted = must(fit(config, *table));
  const double fitting = watch.lap();
  const PassedColumns none;
  const auto reader_of = [&](tables::CsvWriter* writer) {
    return must(OutputReader::open(fitted, none, *table, writer, check));
  };
  auto rows = reader_of(nullptr);
  const auto infos = OutputReader::columns(fitted, none);
  must(table->write_parquet(infos, rows, folder + "/out.parquet"));
  const double parquet = watch.lap();
  std::vector<std::string> names;
  for (const auto& info : infos) names.push_back(info.name);
  auto writer = must(tables::CsvWriter::create(folder + "/out.csv", names));
  auto again = reader_of(&writer);
  while (must(again.next()) != nullptr) {
  }
  must(writer.finish());
  const double export_csv = watch.lap();
  std::vector<tables::LoadColumn> plan = data::load_plan(parsed, must(engine->describe(file)));
  const auto whole = must(engine->load(file, plan, folder, {}, check));
  watch.lap();
  const auto report = must(data::assess(*whole, parsed, {}, check));
  const double quality = watch.lap();
  fmt::print(
      "{{\"inspect\": {:.4f}, \"load\": {:.4f}, \"fit\": {:.4f}, \"parquet\": {:.4f}, \"csv\": {:.4f}, "
      "\"quality\": {:.4f}, \"rows\": {}, \"score\": {:.6f}}}\n",
      inspect, loaded, fitting, parquet, export_csv, quality, table->rows(), report.quality_score);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 4 && args[0] == "fit_transform") return fit_transform(args[1], args[2], args[3]);
  if (args.size() == 4 && args[0] == "row") return row(args[1], args[2], std::stoi(args[3]));
  if (args.size() == 5 && args[0] == "csv") return csv(args[1], args[2], args[3], args[4]);
  fmt::print(stderr,
             "usage: features_bench fit_transform IN CONFIG OUT | row IN CONFIG COUNT | csv IN SCHEMA CONFIG "
             "FOLDER\n");
  return 2;
}
