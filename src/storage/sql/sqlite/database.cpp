// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/database.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/sql/sqlite/placement.h"
#include "storage/sql/sqlite/readers.h"
#include "storage/sql/sqlite/schema.h"
#include "storage/sql/sqlite/writer.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr Statement kPing{"sqlite.ping", "SELECT count(*) FROM sqlite_schema"};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, std::unique_ptr<TurnLock> turn_lock, const Limits& limits)
      : path_(std::move(path)), writer_(path_, std::move(turn_lock), limits), readers_(path_, limits) {}

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  [[nodiscard]] std::string display_url() const override { return "sqlite:///" + path_; }
  Result<void> ping() override {
    return readers_.run([](Session& session) -> Result<void> {
      return session.query(kPing, {}, [](const Row&) -> Result<void> { return {}; });
    });
  }
  std::optional<std::int64_t> change_counter() override { return readers_.data_version(); }

 protected:
  Result<void> write_erased(FunctionRef<Result<void>(Transaction&)> function) override {
    return writer_.run(function);
  }
  Result<void> read_erased(FunctionRef<Result<void>(Session&)> function) override {
    return readers_.run(function);
  }

 private:
  const std::string path_;
  Writer writer_;
  Readers readers_;
};

// Only its owner and group may read what the laboratory stores.
Result<void> make_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0)
    return fail(Code::unavailable,
                fmt::format("the database file {} cannot be opened: {}", path, std::strerror(errno)));
  ::close(fd);
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace

Result<std::unique_ptr<Database>> open(const std::string& path, const Limits& limits) {
  TRACSEQ_CHECK(make_folders(path));
  TRACSEQ_CHECK(refuse_network_file_system(path));
  TRACSEQ_CHECK(make_file(path));
  TRACSEQ_TRY(auto turn_lock, TurnLock::open(path + ".turn"));
  {
    TRACSEQ_TRY(const auto connection,
                Connection::open(path, Connection::Use::write, Connection::Missing::refuse, limits));
    TRACSEQ_CHECK(bring_up_to_date(*connection, *turn_lock, path, embedded_migrations()));
  }
  return std::make_unique<SqliteDatabase>(path, std::move(turn_lock), limits);
}

}  // namespace tracseq::sql::sqlite
