#include "refs/salvage.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <system_error>

#include "core/file.h"
#include "isodb/error.h"
#include "refs/database_impl.h"
#include "refs/loose_items.h"
#include "refs/sqlite.h"

#include <sqlite3.h>

namespace isodb::refs {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kBusyMillis = 1'000;

/// The file and its log under other names, as they are now.
class Copy {
 public:
  explicit Copy(const fs::path& database) : path_(database.string() + ".salvage") {
    remove();
    // The log first: who closes the file meanwhile moves the log into it, and removes it.
    for (const char* suffix : {"-wal", ""}) {
      const fs::path from = database.string() + suffix;
      if (!fs::exists(from)) continue;
      std::error_code error;
      fs::copy_file(from, path_.string() + suffix, error);
      if (error) core::throw_io_error("copy", from, error.value());
    }
  }
  ~Copy() { remove(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void remove() const noexcept {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      std::error_code ignored;
      fs::remove(path_.string() + suffix, ignored);
    }
  }
  const fs::path path_;
};

/// False where what was read, or was to be read, is damaged.
bool tried(const std::function<void()>& action) {
  try {
    action();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Reads rows until they end, or one cannot be read.
bool read_rows(Connection& connection, const char* sql,
               const std::function<void(const Query&)>& take) {
  bool all_taken = true;
  const bool reached_the_end = tried([&] {
    Query query(connection, sql);
    while (query.step()) all_taken = tried([&] { take(query); }) && all_taken;
  });
  return reached_the_end && all_taken;
}

LooseRow read_row(const Query& query) {
  LooseRow row;
  row.number = query.int64(0);
  row.records = query.blob(2);
  std::string problem;
  row.items = decode_items(query.blob(1), row.records.size(), problem);
  if (!problem.empty()) throw Error(ErrorCode::kCorrupt, "a loose row: " + problem);
  return row;
}

void read_loose(Connection& connection, Salvaged& found) {
  std::map<std::int64_t, LooseRow> rows;
  const auto take = [&](const Query& query) {
    LooseRow row = read_row(query);
    rows.emplace(row.number, std::move(row));
  };
  found.has_all_loose =
      read_rows(connection, "SELECT number, items, records FROM loose ORDER BY number", take);
  if (!found.has_all_loose) {
    read_rows(connection, "SELECT number, items, records FROM loose ORDER BY number DESC", take);
  }
  for (auto& [number, row] : rows) found.loose.push_back(std::move(row));
}

void read_refs(Connection& connection, Salvaged& found) {
  std::map<std::string, Id> refs;
  const auto take = [&](const Query& query) {
    const std::string name(query.text(0));
    if (ref_name_problem(name).empty()) refs.emplace(name, query.id(1));
  };
  found.has_all_refs = read_rows(
      connection, "SELECT name, target FROM refs WHERE target IS NOT NULL ORDER BY name", take);
  if (!found.has_all_refs) {
    read_rows(connection,
              "SELECT name, target FROM refs WHERE target IS NOT NULL ORDER BY name DESC", take);
  }
  for (const auto& [name, target] : refs) found.refs.push_back({name, target});
}

void read_others(Connection& connection, Salvaged& found) {
  found.has_all_settings = read_rows(
      connection, "SELECT key, value FROM settings ORDER BY key",
      [&](const Query& query) { found.settings.emplace_back(query.text(0), query.text(1)); });
  found.has_all_packs =
      read_rows(connection, "SELECT name FROM packs ORDER BY name", [&](const Query& query) {
        if (is_pack_name(query.text(0))) found.packs.emplace_back(query.text(0));
      });
  read_rows(connection, "SELECT id FROM draft", [&](const Query&) { found.has_draft = true; });
}

}  // namespace

WriteBlock::WriteBlock(const fs::path& database) {
  constexpr unsigned kWriterMillis = 10'000;
  try {
    auto connection =
        std::make_unique<Connection>(database, Connection::Mode::kReadWrite, kWriterMillis);
    // What is in the log stays there.
    sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    transaction_ =
        std::make_unique<SqliteTransaction>(*connection, SqliteTransaction::Kind::kWrite);
    connection_ = std::move(connection);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kBusy) throw;
  }
}

WriteBlock::~WriteBlock() {
  transaction_.reset();
}

Salvaged salvage(const fs::path& database) {
  Salvaged found;
  const Copy copy(database);
  tried([&] {
    Connection connection(copy.path(), Connection::Mode::kReadWrite, kBusyMillis);
    read_loose(connection, found);
    read_refs(connection, found);
    read_others(connection, found);
  });
  return found;
}

}  // namespace isodb::refs
