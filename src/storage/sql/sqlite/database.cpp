// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/database.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/mutex.h"
#include "storage/sql/sqlite/fork.h"
#include "storage/sql/sqlite/placement.h"
#include "storage/sql/sqlite/readers.h"
#include "storage/sql/sqlite/schema.h"
#include "storage/sql/sqlite/writer.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr Statement kPing{"sqlite.ping", "SELECT count(*) FROM sqlite_schema"};

class SqliteDatabase final : public Database, private ForkGuarded {
 public:
  SqliteDatabase(std::string path, std::unique_ptr<TurnLock> turn_lock, const Limits& limits)
      : path_(std::move(path)),
        writer_(std::make_unique<Writer>(path_, std::move(turn_lock), limits)),
        readers_(std::make_unique<Readers>(path_, limits)) {}
  ~SqliteDatabase() override { unguard(); }

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  [[nodiscard]] std::string display_url() const override { return "sqlite:///" + path_; }
  Result<void> ping() override {
    return read_erased([](Session& session) -> Result<void> {
      return session.query(kPing, {}, [](const Row&) -> Result<void> { return {}; });
    });
  }
  std::optional<std::int64_t> change_counter() override {
    if (!readers_) return std::nullopt;
    return readers_->data_version();
  }

 protected:
  Result<void> write_erased(FunctionRef<Result<void>(Transaction&)> function) override {
    if (!writer_) return abandoned();
    return writer_->run(function);
  }
  Result<void> read_erased(FunctionRef<Result<void>(Session&)> function) override {
    if (!readers_) return abandoned();
    return readers_->run(function);
  }

 private:
  static tl::unexpected<Error> abandoned() {
    return fail(Code::unavailable,
                "the process forked while its database was busy; open the database again here");
  }
  bool rest(Steady::time_point until) override {
    if (!writer_ || !writer_->rest(until)) return false;
    if (readers_->rest(until)) return true;
    writer_->go_on_in_parent();
    return false;
  }
  void go_on_in_parent() override {
    readers_->go_on_in_parent();
    writer_->go_on_in_parent();
  }
  void go_on_in_child() override {
    readers_->go_on_in_child();
    writer_->go_on_in_child();
  }
  void abandon_in_child() override {
    // Left behind, not ended: their threads stayed in the parent, and closing would drop its locks.
    [[maybe_unused]] const auto* writer = writer_.release();
    [[maybe_unused]] const auto* readers = readers_.release();
  }

  const std::string path_;
  std::unique_ptr<Writer> writer_;    // null once abandoned
  std::unique_ptr<Readers> readers_;  // null once abandoned
};

// Only its owner and group may read what the laboratory stores. A file that exists is not touched: closing
// any descriptor of it would drop the locks that other connections of this process hold.
Result<void> make_file(const std::string& path) {
  static Mutex mutex;
  const Lock lock(mutex);  // nobody connects between the opening and the closing here
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd < 0 && errno == EEXIST) return {};
  if (fd < 0)
    return fail(errno == ENOSPC || errno == EDQUOT ? Code::storage_full : Code::unavailable,
                fmt::format("the database file {} cannot be made: {}", path, std::strerror(errno)));
  ::close(fd);
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace

Result<std::unique_ptr<Database>> open(const std::string& path, const Limits& limits) {
  TRACSEQ_CHECK(make_folders(path));
  TRACSEQ_CHECK(refuse_network_file_system(path));
  TRACSEQ_CHECK(make_file(path));
  TRACSEQ_CHECK(refuse_second_name(path));
  TRACSEQ_TRY(auto turn_lock, TurnLock::open(path + ".turn"));
  {
    TRACSEQ_TRY(const auto connection,
                Connection::open(path, Connection::Use::write, Connection::Missing::refuse, limits));
    TRACSEQ_CHECK(bring_up_to_date(*connection, *turn_lock, path, embedded_migrations()));
  }
  return std::make_unique<SqliteDatabase>(path, std::move(turn_lock), limits);
}

}  // namespace tracseq::sql::sqlite
