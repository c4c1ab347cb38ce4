// SPDX-License-Identifier: MIT
#include "storage/tables/exchange.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

namespace tracseq::tables {

TRACSEQ_DEFINE_TYPE(BufferPlace, {.name = "offset", .required = true, .min = 0},
                    {.name = "length", .required = true, .min = 0})
TRACSEQ_DEFINE_TYPE(ColumnBuffers, {.name = "data", .required = true})
TRACSEQ_DEFINE_TYPE(ExchangeBatch, {.name = "rows", .required = true, .min = 0})
TRACSEQ_DEFINE_TYPE(ExchangeColumn, {.name = "name", .required = true}, {.name = "type", .required = true})
TRACSEQ_DEFINE_TYPE(ExchangeFooter, {.name = "version", .required = true})

namespace {

static_assert(std::endian::native == std::endian::little, "buffers are written as they lie in memory");

constexpr std::string_view kMagic = "TSQCOLS1";
constexpr std::size_t kAlignment = 64;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(Code::invalid, fmt::format("this is no sound table of columns: {}", what));
}

// Bytes of one value, 0 for texts.
std::int64_t width_of(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
      return 1;
    case ColumnType::string:
      return 0;
    default:
      return 8;
  }
}

class Writer {
 public:
  explicit Writer(const std::string& path) : out_(path, std::ios::binary | std::ios::trunc) { put(kMagic); }

  BufferPlace buffer(const void* data, std::size_t bytes) {
    static constexpr char kZeros[kAlignment] = {};
    put({kZeros, (kAlignment - at_ % kAlignment) % kAlignment});
    const BufferPlace place{static_cast<std::int64_t>(at_), static_cast<std::int64_t>(bytes)};
    put({static_cast<const char*>(data), bytes});
    return place;
  }

  ColumnBuffers column(const Column& column, std::size_t rows) {
    ColumnBuffers buffers;
    if (!column.validity.empty()) buffers.validity = buffer(column.validity.data(), (rows + 63) / 64 * 8);
    switch (column.type) {
      case ColumnType::boolean:
        buffers.data = buffer(column.booleans.data(), rows);
        break;
      case ColumnType::float64:
        buffers.data = buffer(column.doubles.data(), rows * sizeof(double));
        break;
      case ColumnType::int64:
      case ColumnType::timestamp:
        buffers.data = buffer(column.integers.data(), rows * sizeof(std::int64_t));
        break;
      case ColumnType::string:
        buffers.offsets = buffer(column.offsets.data(), (rows + 1) * sizeof(std::uint64_t));
        buffers.data = buffer(column.bytes.data(), column.bytes.size());
        break;
    }
    return buffers;
  }

  Result<void> finish(const ExchangeFooter& footer) {
    const std::string text = to_json(footer);
    put(text);
    const std::uint64_t length = text.size();
    put({reinterpret_cast<const char*>(&length), sizeof length});
    put(kMagic);
    out_.flush();
    if (!out_)
      return fail(errno == ENOSPC ? Code::storage_full : Code::unavailable, "the table cannot be written");
    return {};
  }

 private:
  void put(std::string_view bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    at_ += bytes.size();
  }
  std::ofstream out_;
  std::size_t at_ = 0;
};

class ExchangeReader final : public BatchReader {
 public:
  ExchangeReader(std::string_view bytes, const ExchangeFooter& footer, std::vector<std::size_t> places)
      : bytes_(bytes), footer_(footer), places_(std::move(places)) {
    batch_.columns.resize(places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      batch_.columns[i].name = footer_.columns[places_[i]].name;
      batch_.columns[i].type = footer_.columns[places_[i]].type;
    }
  }

  Result<const ColumnBatch*> next() override {
    if (position_ == footer_.batches.size()) return nullptr;
    const ExchangeBatch& from = footer_.batches[position_++];
    batch_.rows = static_cast<std::size_t>(from.rows);
    for (std::size_t i = 0; i < places_.size(); ++i) fill(batch_.columns[i], from.columns[places_[i]]);
    return &batch_;
  }

 private:
  template <class T>
  void copy(std::vector<T>& out, const BufferPlace& place) const {
    out.resize(static_cast<std::size_t>(place.length) / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + place.offset, out.size() * sizeof(T));
  }
  void fill(Column& column, const ColumnBuffers& buffers) const {
    column.clear();
    if (buffers.validity) copy(column.validity, *buffers.validity);
    switch (column.type) {
      case ColumnType::boolean:
        copy(column.booleans, buffers.data);
        for (auto& value : column.booleans) value = value != 0 ? 1 : 0;
        break;
      case ColumnType::float64:
        copy(column.doubles, buffers.data);
        break;
      case ColumnType::int64:
      case ColumnType::timestamp:
        copy(column.integers, buffers.data);
        break;
      case ColumnType::string:
        copy(column.offsets, *buffers.offsets);
        column.bytes.assign(bytes_.substr(static_cast<std::size_t>(buffers.data.offset),
                                          static_cast<std::size_t>(buffers.data.length)));
        break;
    }
  }

  std::string_view bytes_;
  const ExchangeFooter& footer_;
  std::vector<std::size_t> places_;
  std::size_t position_ = 0;
  ColumnBatch batch_;
};

}  // namespace

Result<void> write_exchange(const std::string& path, const std::vector<ColumnInfo>& columns,
                            BatchReader& reader) {
  Writer writer(path);
  ExchangeFooter footer;
  for (const auto& column : columns) footer.columns.push_back({column.name, column.type});
  while (true) {
    TRACSEQ_TRY(const ColumnBatch* batch, reader.next());
    if (batch == nullptr) break;
    ExchangeBatch& place = footer.batches.emplace_back();
    place.rows = static_cast<std::int64_t>(batch->rows);
    for (const Column& column : batch->columns) place.columns.push_back(writer.column(column, batch->rows));
  }
  return writer.finish(footer);
}

Result<std::unique_ptr<ExchangeSource>> ExchangeSource::open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    const int reason = errno;
    if (descriptor >= 0) ::close(descriptor);
    return fail(Code::not_found, fmt::format("the table cannot be opened: {}", std::strerror(reason)), path);
  }
  std::unique_ptr<ExchangeSource> source(new ExchangeSource());
  source->mapped_bytes_ = static_cast<std::size_t>(status.st_size);
  void* const mapped = source->mapped_bytes_ == 0
                           ? MAP_FAILED
                           : ::mmap(nullptr, source->mapped_bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  if (mapped == MAP_FAILED) return broken("the file is empty");
  source->mapped_ = mapped;
  source->bytes_ = {static_cast<const char*>(mapped), source->mapped_bytes_};
  TRACSEQ_CHECK(source->read_footer());
  return source;
}

Result<std::unique_ptr<ExchangeSource>> ExchangeSource::of(std::string_view bytes) {
  std::unique_ptr<ExchangeSource> source(new ExchangeSource());
  source->bytes_ = bytes;
  TRACSEQ_CHECK(source->read_footer());
  return source;
}

ExchangeSource::~ExchangeSource() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_bytes_);
}

Result<void> ExchangeSource::read_footer() {
  constexpr std::size_t kTail = sizeof(std::uint64_t) + kMagic.size();
  if (bytes_.size() < kMagic.size() + kTail || !bytes_.starts_with(kMagic) || !bytes_.ends_with(kMagic))
    return broken("it does not begin and end as one");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes_.data() + bytes_.size() - kTail, sizeof length);
  if (length > bytes_.size() - kMagic.size() - kTail) return broken("its footer is longer than the file");
  const std::string_view text = bytes_.substr(bytes_.size() - kTail - length, length);
  TRACSEQ_TRY(footer_, tracseq::from_json<ExchangeFooter>(text, UnknownFields::ignore));
  if (footer_.version != 1)
    return fail(Code::unsupported, fmt::format("tables of columns of version {}", footer_.version));
  std::set<std::string_view> names;
  for (const auto& column : footer_.columns)
    if (!names.insert(column.name).second)
      return broken(fmt::format("the column '{}' is there twice", column.name));
  for (const auto& batch : footer_.batches) {
    if (batch.rows < 0 || batch.columns.size() != footer_.columns.size())
      return broken("a batch does not have the columns of the table");
    for (std::size_t c = 0; c < batch.columns.size(); ++c)
      TRACSEQ_CHECK(check_column(footer_.columns[c], batch.columns[c], batch.rows));
  }
  return {};
}

Result<void> ExchangeSource::check_column(const ExchangeColumn& column, const ColumnBuffers& buffers,
                                          std::int64_t rows) const {
  const auto total = static_cast<std::int64_t>(bytes_.size());
  const auto inside = [&](const BufferPlace& place) {
    return place.offset >= 0 && place.length >= 0 && place.offset <= total &&
           place.length <= total - place.offset;
  };
  if (rows > total) return broken("a batch has more rows than the file has bytes");
  if (!inside(buffers.data) || (buffers.validity && !inside(*buffers.validity)) ||
      (buffers.offsets && !inside(*buffers.offsets)))
    return broken(fmt::format("a buffer of '{}' lies outside the file", column.name));
  if (buffers.validity && buffers.validity->length != (rows + 63) / 64 * 8)
    return broken(fmt::format("the validity of '{}' has not the length of its rows", column.name));
  if (column.type != ColumnType::string) {
    if (buffers.data.length == rows * width_of(column.type)) return {};
    return broken(fmt::format("the values of '{}' have not the length of its rows", column.name));
  }
  if (!buffers.offsets || buffers.offsets->length != (rows + 1) * 8)
    return broken(fmt::format("the offsets of '{}' have not the length of its rows", column.name));
  std::uint64_t before = 0;
  for (std::int64_t r = 0; r <= rows; ++r) {
    std::uint64_t offset = 0;
    std::memcpy(&offset, bytes_.data() + buffers.offsets->offset + r * 8, sizeof offset);
    if (offset < before || offset > static_cast<std::uint64_t>(buffers.data.length))
      return broken(fmt::format("the offsets of '{}' do not rise within its bytes", column.name));
    before = offset;
  }
  if (!simdjson::validate_utf8(bytes_.data() + buffers.data.offset,
                               static_cast<std::size_t>(buffers.data.length)))
    return broken(fmt::format("the texts of '{}' are not UTF-8", column.name));
  return {};
}

std::vector<ColumnInfo> ExchangeSource::columns() const {
  std::vector<ColumnInfo> infos;
  for (const auto& column : footer_.columns) infos.push_back({column.name, column.type});
  return infos;
}

Result<std::unique_ptr<BatchReader>> ExchangeSource::open(const std::vector<std::string>& names) {
  std::vector<std::size_t> places;
  if (names.empty())
    for (std::size_t i = 0; i < footer_.columns.size(); ++i) places.push_back(i);
  for (const auto& name : names) {
    const auto found = std::find_if(footer_.columns.begin(), footer_.columns.end(),
                                    [&](const auto& c) { return c.name == name; });
    if (found == footer_.columns.end())
      return fail(Code::not_found, fmt::format("the table has no column '{}'", name));
    places.push_back(static_cast<std::size_t>(found - footer_.columns.begin()));
  }
  return std::make_unique<ExchangeReader>(bytes_, footer_, std::move(places));
}

}  // namespace tracseq::tables
