#include "refs/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "isodb/error.h"
#include "refs/database_impl.h"
#include "refs/loose_items.h"
#include "refs/schema.h"

#include <sqlite3.h>

namespace isodb::refs {
namespace {

/// Pages of the log after which a commit moves them into the file: 8 MiB, so that the two syncs of
/// a checkpoint are shared by some 400 commits of one document.
constexpr int kCheckpointPages = 2048;
constexpr const char* kSettings = "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=33554432;";

/// Makes the file, empty. Error(kInvalid) when there is one.
void create_file(const std::filesystem::path& path, mode_t mode = 0644) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0 && errno == EEXIST) {
    throw Error(ErrorCode::kInvalid, path.string() + " is there already");
  }
  if (file < 0) core::throw_io_error("create", path, errno);
  ::close(file);
}

void remove_file(const std::filesystem::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(path.string() + suffix, ignored);
  }
}

void sync_folder_of(const std::filesystem::path& path) {
  core::posix_file_system().sync_directory(std::filesystem::absolute(path).parent_path());
}

LooseSummary read_summary(const Query& query, const std::filesystem::path& path) {
  LooseSummary row;
  row.number = query.int64(0);
  row.records_bytes = query.uint64(2);
  std::string problem;
  row.items = decode_items(query.blob(1), row.records_bytes, problem);
  if (!problem.empty()) {
    throw_damaged(path, "loose row " + std::to_string(row.number) + ": " + problem);
  }
  return row;
}

ReflogEntry read_move(const Query& query) {
  ReflogEntry entry;
  entry.number = query.uint64(0);
  entry.name = query.text(1);
  entry.before = query.optional_id(2);
  entry.after = query.optional_id(3);
  entry.at_millis = query.uint64(4);
  entry.writer = query.text(5);
  entry.reason = query.text(6);
  return entry;
}

}  // namespace

bool is_pack_name(std::string_view name) {
  constexpr std::size_t kDigits = 32;
  if (name.size() != kDigits + 5 || name.substr(kDigits) != ".pack") return false;
  return name.substr(0, kDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Counters Counters::load(Connection& connection) {
  Query query(connection,
              "SELECT transactions, sequence, generation, removals, loose_next, move_next "
              "FROM counters");
  if (!query.step()) throw_damaged(connection.path(), "the table of counters is empty");
  Counters counters;
  counters.transactions = query.uint64(0);
  counters.sequence = query.uint64(1);
  counters.generation = query.uint64(2);
  counters.removals = query.uint64(3);
  counters.loose_next = static_cast<std::int64_t>(query.uint64(4));
  counters.move_next = query.uint64(5);
  return counters;
}

void Counters::store(Connection& connection) const {
  Query query(connection,
              "UPDATE counters SET transactions=?1, sequence=?2, generation=?3, removals=?4, "
              "loose_next=?5, move_next=?6");
  query.bind(1, transactions).bind(2, sequence).bind(3, generation).bind(4, removals);
  query.bind(5, loose_next).bind(6, move_next).run();
}

void Database::Impl::open_connections(const Options& options) {
  if (options.read_only) {
    read_only_file = std::make_unique<ReadOnlyFile>(path, options.busy_millis);
    if (needs_migration(read_only_file->connection())) {
      throw Error(ErrorCode::kUnsupported, path.string() + ": has the schema of an older isodb",
                  "open it once for writing, which converts it");
    }
    return;
  }
  writer = std::make_unique<Connection>(path, Connection::Mode::kReadWrite, options.busy_millis);
  if (sqlite3_db_readonly(writer->handle(), "main") != 0) writer->throw_error(SQLITE_READONLY);
  writer->execute(kSettings);
  if (needs_migration(*writer)) migrate(*writer);
  log_space = std::make_unique<LogSpace>(*writer, kCheckpointPages);
  reader = std::make_unique<Connection>(path, Connection::Mode::kReadWrite, options.busy_millis);
  reader->execute("PRAGMA query_only=ON");
}

Connection& Database::Impl::writing() {
  if (!writer) {
    throw Error(ErrorCode::kInvalid, path.string() + " was opened for reading only",
                "open the repository for writing");
  }
  return *writer;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

void Database::Impl::check_in_place() const {
  if (!writer->was_replaced()) return;
  throw Error(ErrorCode::kIo,
              path.string() + ": the file was replaced while it was open here: nothing was written",
              "isodb recover, or whoever restored or moved the folder, did that: open the "
              "repository again");
}

std::unique_ptr<Database> Database::create(const std::filesystem::path& path, Options options) {
  create_file(path);
  try {
    {
      Connection connection(path, Connection::Mode::kReadWrite, options.busy_millis);
      if (connection.text("PRAGMA journal_mode=WAL") != "wal") {
        throw Error(ErrorCode::kUnsupported,
                    path.string() +
                        ": the file system lacks shared memory, which a write-ahead "
                        "log needs",
                    "keep the repository on a local disk");
      }
      migrate(connection);
    }
    sync_folder_of(path);
    return open(path, options);
  } catch (...) {
    remove_file(path);
    throw;
  }
}

std::unique_ptr<Database> Database::open(const std::filesystem::path& path, Options options) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, path.string() + " does not exist");
  }
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->open_connections(options);
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

std::optional<Id> Database::ref(const std::string& name) {
  return impl_->read([&](Connection& connection) -> std::optional<Id> {
    Query query(connection, "SELECT target FROM refs WHERE name=?1");
    query.bind_text(1, name);
    if (!query.step()) return std::nullopt;
    return query.optional_id(0);
  });
}

std::vector<Ref> Database::refs(const std::string& prefix) {
  return impl_->read([&](Connection& connection) {
    std::vector<Ref> result;
    Query query(connection, "SELECT name, target FROM refs WHERE name>=?1 ORDER BY name");
    query.bind_text(1, prefix);
    while (query.step() && query.text(0).starts_with(prefix)) {
      if (!query.is_null(1)) result.push_back({std::string(query.text(0)), query.id(1)});
    }
    return result;
  });
}

std::vector<ReflogEntry> Database::reflog(const std::string& name, std::size_t limit) {
  return impl_->read([&](Connection& connection) {
    std::vector<ReflogEntry> result;
    const SqliteTransaction snapshot(connection, SqliteTransaction::Kind::kRead);
    if (name.empty()) {
      Query query(connection,
                  "SELECT number, name, before, after, at_millis, writer, reason FROM reflog "
                  "ORDER BY number DESC");
      while (result.size() < limit && query.step()) result.push_back(read_move(query));
      return result;
    }
    Query last(connection, "SELECT last_move FROM refs WHERE name=?1");
    last.bind_text(1, name);
    std::uint64_t number = last.step() ? last.uint64(0) : 0;
    // Each move names the one before it. Where expiry left a gap, the next older one is looked for.
    while (result.size() < limit && number != 0) {
      Query query(connection,
                  "SELECT number, name, before, after, at_millis, writer, reason, previous "
                  "FROM reflog WHERE number<=?1 AND name=?2 ORDER BY number DESC LIMIT 1");
      query.bind(1, number).bind_text(2, name);
      if (!query.step()) break;
      result.push_back(read_move(query));
      const std::uint64_t previous = query.uint64(7);
      if (previous >= result.back().number) throw_damaged(impl_->path, "a reflog that loops");
      number = previous;
    }
    return result;
  });
}

std::vector<ReflogEntry> Database::reflog_after(std::uint64_t number) {
  return impl_->read([&](Connection& connection) {
    std::vector<ReflogEntry> result;
    Query query(connection,
                "SELECT number, name, before, after, at_millis, writer, reason FROM reflog "
                "WHERE number>?1 ORDER BY number DESC");
    query.bind(1, number);
    while (query.step()) result.push_back(read_move(query));
    return result;
  });
}

std::uint64_t Database::sequence() {
  return impl_->read([](Connection& connection) { return Counters::load(connection).sequence; });
}

std::uint64_t Database::transactions() {
  return impl_->read(
      [](Connection& connection) { return Counters::load(connection).transactions; });
}

std::optional<std::string> read_setting(Connection& connection, const std::string& key) {
  Query query(connection, "SELECT value FROM settings WHERE key=?1");
  query.bind_text(1, key);
  if (!query.step()) return std::nullopt;
  return std::string(query.text(0));
}

std::optional<std::string> Database::setting(const std::string& key) {
  return impl_->read([&](Connection& connection) { return read_setting(connection, key); });
}

std::vector<std::pair<std::string, std::string>> Database::settings() {
  return impl_->read([](Connection& connection) {
    std::vector<std::pair<std::string, std::string>> result;
    Query query(connection, "SELECT key, value FROM settings ORDER BY key");
    while (query.step()) result.emplace_back(query.text(0), query.text(1));
    return result;
  });
}

Database::Inventory Database::inventory(std::int64_t after_number,
                                        std::optional<std::uint64_t> removals) {
  return impl_->read([&](Connection& connection) {
    const SqliteTransaction snapshot(connection, SqliteTransaction::Kind::kRead);
    Inventory inventory;
    const Counters counters = Counters::load(connection);
    inventory.collection_generation = counters.generation;
    inventory.transactions = counters.transactions;
    inventory.removals = counters.removals;
    if (removals != counters.removals) {
      inventory.loose_all.emplace();
      Query numbers(connection, "SELECT number FROM loose ORDER BY number");
      while (numbers.step()) inventory.loose_all->push_back(numbers.int64(0));
    }
    Query rows(connection,
               "SELECT number, items, length(records) FROM loose WHERE number>?1 ORDER BY number");
    rows.bind(1, after_number);
    while (rows.step()) inventory.loose_added.push_back(read_summary(rows, impl_->path));
    Query packs(connection, "SELECT name, bytes, objects FROM packs ORDER BY name");
    while (packs.step()) {
      inventory.packs.push_back({std::string(packs.text(0)), packs.uint64(1), packs.uint64(2)});
      if (!is_pack_name(inventory.packs.back().name)) {
        throw_damaged(impl_->path, "a registered pack whose name is none");
      }
    }
    return inventory;
  });
}

std::optional<Bytes> Database::loose_records(std::int64_t number) {
  return impl_->read([&](Connection& connection) -> std::optional<Bytes> {
    Query query(connection, "SELECT records FROM loose WHERE number=?1");
    query.bind(1, number);
    if (!query.step()) return std::nullopt;
    return Bytes(query.blob(0));
  });
}

void Database::empty_log() {
  const std::lock_guard lock(impl_->write_mutex);
  if (impl_->writing().number("PRAGMA wal_checkpoint(TRUNCATE)") == 0) return;
  throw Error(ErrorCode::kBusy, impl_->path.string() + ": others keep its log in use");
}

std::uint64_t Database::file_bytes() {
  std::uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code missing;
    const std::uintmax_t size = std::filesystem::file_size(impl_->path.string() + suffix, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

std::vector<std::string> Database::check() {
  return impl_->read([&](Connection& connection) {
    std::vector<std::string> problems;
    Query query(connection, "PRAGMA integrity_check(100)");
    while (query.step()) {
      if (query.text(0) != "ok") problems.emplace_back(query.text(0));
    }
    return problems;
  });
}

void Database::backup_to(const std::filesystem::path& path) {
  constexpr mode_t kPrivate = 0600;  // from the first byte on: a secret key may come into it
  create_file(path, kPrivate);
  try {
    {
      // A connection of its own, so that nobody waits for the copy.
      constexpr unsigned kBusyMillis = 10'000;
      Connection to(path, Connection::Mode::kReadWrite, kBusyMillis);
      if (impl_->read_only_file) {
        impl_->read([&](Connection& from) { copy_database(from, to); });
      } else {
        Connection from(impl_->path, Connection::Mode::kReadWrite, kBusyMillis);
        copy_database(from, to);
      }
    }
    sync_folder_of(path);
  } catch (...) {
    remove_file(path);
    throw;
  }
}

}  // namespace isodb::refs
