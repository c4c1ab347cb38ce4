// SPDX-License-Identifier: MIT
#include "api/export_routes.h"

#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

#include "api/export_table.h"
#include "api/router.h"
#include "storage/tables/table_engine.h"

namespace tracseq::api {

struct ExportList {
  std::string list;
  ExportFormat format = ExportFormat::csv;
};
TRACSEQ_DESCRIBE(ExportList, (list, format))
TRACSEQ_DEFINE_ENUM(ExportFormat)
TRACSEQ_DEFINE_TYPE(ExportList,
                    {.name = "list", .text = "The list's path below /api/v1, e.g. runs", .required = true},
                    {.name = "format", .text = "csv, json or parquet"})

namespace {

constexpr std::uint64_t kParquetMemory = 256UL << 20;
constexpr std::size_t kPageRows = 1000;

// Asks a list for its pages, one after the other.
class Pages {
 public:
  Pages(const Router& router, const CallContext& ctx, Request request)
      : router_(router), ctx_(ctx), request_(std::move(request)) {}

  // The items of the next page; nothing at the end. The list's own error otherwise.
  Result<std::optional<Json::Array>> next() {
    if (done_) return std::nullopt;
    TRACSEQ_CHECK(ctx_.check());
    Request request;
    request.path = request_.path;
    request.query = request_.query;
    request.query.emplace_back("limit", std::to_string(kPageRows));
    if (!token_.empty()) request.query.emplace_back("page_token", token_);
    const Response answer = router_.dispatch(ctx_, request);
    TRACSEQ_TRY(const Json body, parse_json(answer.body));
    if (answer.status != 200) return fail(error_of(body));
    const Json* token = body.find("next_page_token");
    token_ = token != nullptr ? token->string_or("") : "";
    done_ = token_.empty();
    const Json* items = body.find("items");
    if (items == nullptr || items->as_array() == nullptr)
      return fail_field("list", "list names no list of rows");
    rows_ += std::ssize(*items->as_array());
    if (rows_ > kExportRowsMax)
      return fail(Code::too_large,
                  fmt::format("the list has more than {} rows; narrow it with its filters", kExportRowsMax));
    return *items->as_array();
  }

 private:
  static Error error_of(const Json& body) {
    Error error{Code::internal, "the list could not be read", {}, {}};
    const Json* inner = body.find("error");
    if (inner == nullptr) return error;
    if (const Json* code = inner->find("code")) error.code = code_from_name(code->string_or(""));
    if (const Json* message = inner->find("message")) error.message = message->string_or(error.message);
    if (const Json* field = inner->find("field")) error.field = field->string_or("");
    return error;
  }

  const Router& router_;
  const CallContext ctx_;
  const Request request_;
  std::string token_;
  std::int64_t rows_ = 0;
  bool done_ = false;
};

// Text made page by page, so that the memory does not grow with the rows.
class TextExport final : public ByteSource {
 public:
  TextExport(Pages pages, ExportTable table, ExportFormat format)
      : pages_(std::move(pages)), table_(std::move(table)), format_(format) {
    if (format_ == ExportFormat::csv) ready_ = table_.csv_header();
  }
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    while (ready_.size() == at_ && !ended_) TRACSEQ_CHECK(fill());
    const std::size_t count = std::min(buffer.size(), ready_.size() - at_);
    std::memcpy(buffer.data(), ready_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  Result<void> fill() {
    ready_.clear();
    at_ = 0;
    TRACSEQ_TRY(const auto items, pages_.next());
    ended_ = !items.has_value();
    if (!items) return {};
    for (const Json& item : *items)
      ready_ += format_ == ExportFormat::csv ? table_.csv_row(item) : dump_json(item) + "\n";
    return {};
  }

  Pages pages_;
  ExportTable table_;
  const ExportFormat format_;
  std::string ready_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Rows as the table engine takes them.
class RowReader final : public tables::BatchReader {
 public:
  RowReader(Pages pages, const ExportTable& table) : pages_(std::move(pages)), table_(table) {}
  Result<const tables::ColumnBatch*> next() override {
    TRACSEQ_TRY(const auto items, pages_.next());
    if (!items) return nullptr;
    batch_ = table_.empty_batch();
    for (const Json& item : *items) table_.add_row(batch_, item);
    return &batch_;
  }

 private:
  Pages pages_;
  const ExportTable& table_;
  tables::ColumnBatch batch_;
};

// A file in a folder of its own; both are gone when it has been read.
class ParquetExport final : public ByteSource {
 public:
  static Result<std::unique_ptr<ParquetExport>> make(Pages pages, const ExportTable& table,
                                                     const CallContext& ctx) {
    std::string name = (std::filesystem::temp_directory_path() / "tracseq-export-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return fail(Code::unavailable, "no temporary folder could be made");
    std::unique_ptr<ParquetExport> out(new ParquetExport(name));
    TRACSEQ_TRY(tables::TableEngine * engine, tables::table_engine());
    const auto path = out->folder_ / "rows.parquet";
    const std::vector<tables::ColumnBatch> none{table.empty_batch()};
    tables::MemorySource empty(none);
    TRACSEQ_TRY(const auto nothing, empty.open({}));
    const auto check = [ctx] { return ctx.check(); };
    TRACSEQ_TRY(const auto working,
                engine->load(table.columns(), *nothing, name, {kParquetMemory, 4UL << 30, 1}, check));
    RowReader rows(std::move(pages), table);
    TRACSEQ_CHECK(working->write_parquet(table.columns(), rows, path.string()));
    out->file_.open(path, std::ios::binary);
    return out;
  }
  ~ParquetExport() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ParquetExport(const ParquetExport&) = delete;
  ParquetExport& operator=(const ParquetExport&) = delete;
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    file_.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
    if (file_.bad()) return fail(Code::unavailable, "the exported file could not be read");
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  explicit ParquetExport(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
  std::ifstream file_;
};

// The list's request: its path, its filters; paging is ours.
Request list_request(const Request& request, const std::string& list) {
  Request inner;
  inner.path = "/api/v1/" + list;
  for (const auto& [name, value] : request.query)
    if (name != "format" && name != "limit" && name != "page_token") inner.query.emplace_back(name, value);
  return inner;
}

Result<ExportList> input_of(const Request& request) {
  ExportList input;
  const auto list = request.path_params.find("list");
  input.list = list == request.path_params.end() ? "" : list->second;
  for (const auto& [name, value] : request.query) {
    if (name != "format") continue;
    TRACSEQ_TRY(input.format, enum_from<ExportFormat>("format", value));
  }
  return input;
}

Result<Response> export_list(const Router& router, const CallContext& ctx, const Request& request) {
  TRACSEQ_TRY(const ExportList input, input_of(request));
  Request inner = list_request(request, input.list);
  const auto match = router.match(inner);
  if (match.route == nullptr || match.route->method != Method::get || match.route->output == nullptr)
    return fail_field("list",
                      fmt::format("list is '{}'; it must be the path of a list below /api/v1, e.g. runs",
                                  input.list.substr(0, 80)));
  ExportTable table;
  Pages first(router, ctx, inner);
  for (;;) {
    TRACSEQ_TRY(const auto items, first.next());
    if (!items) break;
    for (const Json& item : *items) table.learn(item);
  }
  Response response;
  std::string name = input.list;
  std::replace(name.begin(), name.end(), '/', '-');
  const bool json = input.format == ExportFormat::json;
  response.content_type = input.format == ExportFormat::csv ? "text/csv; charset=utf-8"
                          : json                            ? "application/x-ndjson"
                                                            : "application/vnd.apache.parquet";
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}.{}\"", name,
                                                                   json ? "jsonl" : enum_name(input.format)));
  Pages pages(router, ctx, std::move(inner));
  if (input.format == ExportFormat::parquet) {
    TRACSEQ_TRY(response.stream, ParquetExport::make(std::move(pages), table, ctx));
  } else {
    response.stream = std::make_unique<TextExport>(std::move(pages), std::move(table), input.format);
  }
  return response;
}

}  // namespace

Route export_route(const Router& router) {
  Route route;
  route.method = Method::get;
  route.path = "/api/v1/export/{list...}";
  route.permission = "export:read";
  route.effect = Effect::reads;
  route.summary = "Export every page of a list as CSV, JSON lines or Parquet";
  route.input = &type_info<ExportList>();
  route.produces = "text/csv, application/x-ndjson, application/vnd.apache.parquet";
  route.handler = [&router](const CallContext& ctx, Request& request) {
    return export_list(router, ctx, request);
  };
  return route;
}

}  // namespace tracseq::api
