// SPDX-License-Identifier: MIT
#include "api/export_routes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
constexpr std::uint64_t kSpoolBytesMax = 4UL << 30;
constexpr std::size_t kPageRows = 1000;

// Rows that come page by page.
class RowPages {
 public:
  virtual ~RowPages() = default;
  // The rows of the next page; nothing at the end.
  virtual Result<std::optional<Json::Array>> next() = 0;
};

Result<Json::Array> items_of(const Json& page) {
  const Json* items = page.find("items");
  if (items == nullptr || items->as_array() == nullptr)
    return fail_field("list", "list names no list of rows");
  return *items->as_array();
}

// What a list's rows are, as its answer is described; null where it is not.
const TypeInfo* row_of(const Route& list) {
  for (const Field& field : list.output->fields)
    if (std::string_view(field.name) == "items" && field.type().kind == Kind::array)
      return &field.type().element();
  return nullptr;
}

// Asks a list for its pages, one after the other.
class ListPages final : public RowPages {
 public:
  ListPages(const Router& router, const CallContext& ctx, Request request, const Route& list)
      : router_(router), ctx_(ctx), request_(std::move(request)), takes_limit_(has_field(list, "limit")) {}

  // The list's own error otherwise.
  Result<std::optional<Json::Array>> next() override {
    if (done_) return std::nullopt;
    TRACSEQ_CHECK(ctx_.check());
    Request request;
    request.path = request_.path;
    request.query = request_.query;
    // A list without pages comes whole.
    if (takes_limit_) request.query.emplace_back("limit", std::to_string(kPageRows));
    if (!token_.empty()) request.query.emplace_back("page_token", token_);
    const Response answer = router_.dispatch(ctx_, request);
    TRACSEQ_TRY(const Json body, parse_json(answer.body, "the answer"));
    if (answer.status != 200) return fail(error_of(body));
    const Json* token = body.find("next_page_token");
    token_ = token != nullptr ? token->string_or("") : "";
    done_ = token_.empty();
    TRACSEQ_TRY(Json::Array items, items_of(body));
    rows_ += std::ssize(items);
    if (rows_ > kExportRowsMax)
      return fail(Code::too_large,
                  fmt::format("the list has more than {} rows; narrow it with its filters", kExportRowsMax));
    text_ = answer.body;
    return items;
  }
  // How many rows it had so far.
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  // The last page as the list answered it.
  [[nodiscard]] const std::string& text() const { return text_; }
  // From here on the body is under way: the call's deadline was for its head. Stopping still ends it, and
  // every piece has its own limit.
  void lift_deadline() { ctx_.deadline = Steady::time_point::max(); }

 private:
  static bool has_field(const Route& route, std::string_view name) {
    return route.input != nullptr && std::any_of(route.input->fields.begin(), route.input->fields.end(),
                                                 [&](const Field& field) { return name == field.name; });
  }
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
  CallContext ctx_;
  const Request request_;
  const bool takes_limit_;
  std::string token_;
  std::string text_;
  std::int64_t rows_ = 0;
  bool done_ = false;
};

// Pages kept in a file without a name, to be read a second time: the columns are known only after the last
// row, and the list may have other rows by then. Written to its end, then read from its beginning.
class Spool final : public RowPages {
 public:
  static Result<std::unique_ptr<Spool>> make() {
    std::string name = (std::filesystem::temp_directory_path() / "tracseq-export-XXXXXX").string();
    const int file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) return fail(Code::unavailable, "no temporary file could be made", std::strerror(errno));
    ::unlink(name.c_str());
    return std::unique_ptr<Spool>(new Spool(::fdopen(file, "w+b")));
  }
  ~Spool() override { std::fclose(file_); }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  Result<void> add(const std::string& page) {
    bytes_ += page.size();
    if (bytes_ > kSpoolBytesMax)
      return fail(Code::too_large, fmt::format("the list has more than {} GiB; narrow it with its filters",
                                               kSpoolBytesMax >> 30));
    const std::uint64_t size = page.size();
    if (std::fwrite(&size, sizeof size, 1, file_) != 1 ||
        std::fwrite(page.data(), 1, page.size(), file_) != page.size())
      return fail(Code::unavailable, "the temporary folder took no more of the export", std::strerror(errno));
    return {};
  }
  Result<void> rewind() {
    if (std::fseek(file_, 0, SEEK_SET) != 0)  // flushes what is not written yet
      return fail(Code::unavailable, "the temporary folder took no more of the export", std::strerror(errno));
    return {};
  }
  Result<std::optional<Json::Array>> next() override {
    std::uint64_t size = 0;
    if (std::fread(&size, sizeof size, 1, file_) != 1) {
      if (std::feof(file_) != 0) return std::nullopt;
      return fail(Code::unavailable, "the temporary file could not be read", std::strerror(errno));
    }
    std::string page(size, '\0');
    if (std::fread(page.data(), 1, page.size(), file_) != page.size())
      return fail(Code::unavailable, "the temporary file could not be read", std::strerror(errno));
    TRACSEQ_TRY(const Json document, parse_json(page));
    return items_of(document);
  }

 private:
  explicit Spool(std::FILE* file) : file_(file) {}
  std::FILE* file_;
  std::uint64_t bytes_ = 0;
};

// The pages of a list of which one has been asked for already.
class Resumed final : public RowPages {
 public:
  Resumed(std::optional<Json::Array> first, ListPages rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}
  Result<std::optional<Json::Array>> next() override {
    if (first_) return std::exchange(first_, std::nullopt);
    return rest_.next();
  }

 private:
  std::optional<Json::Array> first_;
  ListPages rest_;
};

// Text made page by page, so that the memory does not grow with the rows.
class TextExport final : public ByteSource {
 public:
  TextExport(std::unique_ptr<RowPages> pages, ExportTable table, ExportFormat format)
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
    TRACSEQ_TRY(const auto items, pages_->next());
    ended_ = !items.has_value();
    if (!items) return {};
    for (const Json& item : *items)
      ready_ += format_ == ExportFormat::csv ? table_.csv_row(item) : dump_json(item) + "\n";
    return {};
  }

  std::unique_ptr<RowPages> pages_;
  ExportTable table_;
  const ExportFormat format_;
  std::string ready_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Rows as the table engine takes them.
class RowReader final : public tables::BatchReader {
 public:
  RowReader(RowPages& pages, const ExportTable& table) : pages_(pages), table_(table) {}
  Result<const tables::ColumnBatch*> next() override {
    TRACSEQ_TRY(const auto items, pages_.next());
    if (!items) return nullptr;
    batch_ = table_.empty_batch();
    for (const Json& item : *items) table_.add_row(batch_, item);
    return &batch_;
  }

 private:
  RowPages& pages_;
  const ExportTable& table_;
  tables::ColumnBatch batch_;
};

// A file in a folder of its own; both are gone when it has been read.
class ParquetExport final : public ByteSource {
 public:
  static Result<std::unique_ptr<ParquetExport>> make(RowPages& pages, const ExportTable& table,
                                                     const CallContext& ctx) {
    if (table.columns().empty())
      return fail_field("format", "rows without columns make no Parquet file; ask for csv or json");
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
    RowReader rows(pages, table);
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
  Response response;
  std::string name = input.list;
  std::replace(name.begin(), name.end(), '/', '-');
  const bool json = input.format == ExportFormat::json;
  response.content_type = input.format == ExportFormat::csv ? "text/csv; charset=utf-8"
                          : json                            ? "application/x-ndjson"
                                                            : "application/vnd.apache.parquet";
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}.{}\"", name,
                                                                   json ? "jsonl" : enum_name(input.format)));
  ListPages pages(router, ctx, std::move(inner), *match.route);
  if (json) {
    TRACSEQ_TRY(auto first, pages.next());  // what is wrong with the list is said before the body begins
    pages.lift_deadline();
    response.stream = std::make_unique<TextExport>(
        std::make_unique<Resumed>(std::move(first), std::move(pages)), ExportTable(), input.format);
    return response;
  }
  ExportTable table;
  TRACSEQ_TRY(auto spool, Spool::make());
  for (;;) {
    TRACSEQ_TRY(const auto items, pages.next());
    if (!items) break;
    for (const Json& item : *items) table.learn(item);
    TRACSEQ_CHECK(spool->add(pages.text()));
  }
  TRACSEQ_CHECK(spool->rewind());
  if (const TypeInfo* row = row_of(*match.route); pages.rows() == 0 && row != nullptr) table.learn(*row);
  if (input.format == ExportFormat::parquet) {
    TRACSEQ_TRY(response.stream, ParquetExport::make(*spool, table, ctx));
  } else {
    response.stream = std::make_unique<TextExport>(std::move(spool), std::move(table), input.format);
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
