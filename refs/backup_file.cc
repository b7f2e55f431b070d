#include "refs/backup_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"
#include "refs/database_impl.h"
#include "refs/schema.h"
#include "refs/sqlite.h"

namespace isodb::refs {
namespace {

/// "isob": nobody takes it for a repository's own file, nor the other way round.
constexpr std::int64_t kBackupId = 0x69736f62;
constexpr unsigned kBusyMillis = 10'000;
constexpr std::size_t kPortionBytes = 1 << 20;

/// docs/storage.md, "Backups". The row of `backup` is written last: without it the file is none.
constexpr const char* kTables = R"sql(
CREATE TABLE backup_packs (
  number INTEGER PRIMARY KEY,
  pack TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE backup (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at_millis INTEGER NOT NULL,
  secret_key TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT;
)sql";

/// Everything that schema version 1 has. A later one adds its tables here, and copies an older
/// backup into a file of the older version before it migrates that.
struct Table {
  const char* copy;
  const char* read;
};
constexpr Table kDatabaseTables[] = {
    {"INSERT INTO counters SELECT * FROM backup.counters",
     "SELECT * FROM main.counters ORDER BY id"},
    {"INSERT INTO refs SELECT * FROM backup.refs", "SELECT * FROM main.refs ORDER BY name"},
    {"INSERT INTO reflog SELECT * FROM backup.reflog", "SELECT * FROM main.reflog ORDER BY number"},
    {"INSERT INTO loose SELECT * FROM backup.loose", "SELECT * FROM main.loose ORDER BY number"},
    {"INSERT INTO packs SELECT * FROM backup.packs", "SELECT * FROM main.packs ORDER BY name"},
    {"INSERT INTO settings SELECT * FROM backup.settings",
     "SELECT * FROM main.settings ORDER BY key"},
    {"INSERT INTO draft SELECT * FROM backup.draft", "SELECT * FROM main.draft ORDER BY id"},
    {"INSERT INTO draft_changes SELECT * FROM backup.draft_changes",
     "SELECT * FROM main.draft_changes ORDER BY path"},
};
static_assert(Database::kSchemaVersion == 1, "these are the tables of version 1");

/// SHA-256 of the key and the tables but the packs' own bytes, which have checksums of theirs.
/// SQLite has none.
Id digest_of(Connection& connection, const std::string& secret_key) {
  core::Sha256 hash;
  hash.start();
  hash.update(secret_key);
  for (const Table& table : kDatabaseTables) {
    Bytes row;
    Query query(connection, table.read);
    while (query.step()) {
      row.assign("row");
      for (int column = 0; column < query.columns(); ++column) {
        row += query.is_null(column) ? '0' : '1';
        const ByteView value = query.blob(column);  // numbers as their text
        core::put_varint(row, value.size());
        row += value;
      }
      hash.update(row);
    }
    hash.update("table");
  }
  return hash.finish();
}

/// Looks at the file itself: of a damaged one SQLite says no more than of one that is not its own.
bool is_backup(const std::filesystem::path& path) {
  constexpr ByteView kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kIdOffset = 68;  // https://www.sqlite.org/fileformat2.html, 1.3
  std::array<char, kIdOffset + 4> header{};
  const auto file = core::posix_file_system().open(path, core::OpenMode::kRead);
  if (file->read_some(0, header.data(), header.size()) != header.size()) return false;
  std::int64_t id = 0;
  for (std::size_t i = kIdOffset; i < header.size(); ++i) {
    id = id << 8 | static_cast<unsigned char>(header[i]);
  }
  return ByteView(header.data(), kMagic.size()) == kMagic && id == kBackupId;
}

void check_version(Connection& connection) {
  const std::string path = connection.path().string();
  const std::int64_t version = connection.number("PRAGMA user_version");
  if (version > Database::kSchemaVersion) {
    throw Error(ErrorCode::kUnsupported,
                path + ": made by a newer isodb (schema version " + std::to_string(version) +
                    "; this one knows up to " + std::to_string(Database::kSchemaVersion) + ")",
                "update isodb on this device");
  }
  if (version < 1 || connection.number("SELECT count(*) FROM backup") != 1) {
    throw_damaged(connection.path(), "the backup was not finished");
  }
}

}  // namespace

BackupFile::BackupFile(std::filesystem::path path, std::unique_ptr<Connection> connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}
BackupFile::BackupFile(BackupFile&&) noexcept = default;
BackupFile::~BackupFile() = default;

BackupFile BackupFile::create(Database& database, const std::filesystem::path& path) {
  database.backup_to(path);
  auto connection = std::make_unique<Connection>(path, Connection::Mode::kReadWrite, kBusyMillis);
  // Whoever made it throws it away when anything goes wrong: nothing needs undoing.
  connection->execute("PRAGMA synchronous=OFF");
  if (connection->text("PRAGMA journal_mode=MEMORY") != "memory") {
    throw Error(ErrorCode::kIo, path.string() + ": SQLite cannot write it without a log",
                "check the disk: its free space and its health");
  }
  connection->execute("VACUUM");  // what was deleted goes along with no backup
  const std::string stamp = "PRAGMA application_id=" + std::to_string(kBackupId);
  connection->execute(stamp.c_str());
  connection->execute(kTables);
  return {path, std::move(connection)};
}

BackupFile BackupFile::open(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, "there is no file " + path.string());
  }
  if (!is_backup(path)) {
    throw Error(ErrorCode::kInvalid, path.string() + " is no backup of an isodb repository",
                "isodb backup makes one");
  }
  auto connection = std::make_unique<Connection>(path, Connection::Mode::kImmutable, kBusyMillis);
  check_version(*connection);
  return {path, std::move(connection)};
}

std::vector<objects::PackInfo> BackupFile::packs() {
  std::vector<objects::PackInfo> packs;
  Query query(*connection_, "SELECT name, bytes, objects FROM packs ORDER BY name");
  while (query.step()) {
    objects::PackInfo pack{std::string(query.text(0)), query.uint64(1), query.uint64(2)};
    if (!is_pack_name(pack.name)) throw_damaged(path_, "'" + pack.name + "' names no pack");
    packs.push_back(std::move(pack));
  }
  return packs;
}

std::string BackupFile::secret_key() {
  return connection_->text("SELECT secret_key FROM backup");
}

std::uint64_t BackupFile::at_millis() {
  return static_cast<std::uint64_t>(connection_->number("SELECT at_millis FROM backup"));
}

void BackupFile::add_pack(const objects::PackInfo& pack, core::File& file, const Counted& count) {
  SqliteTransaction transaction(*connection_, SqliteTransaction::Kind::kWrite);
  Bytes portion(kPortionBytes, '\0');
  for (std::uint64_t at = 0; at < pack.bytes;) {
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPortionBytes, pack.bytes - at));
    file.read_at(at, portion.data(), size);
    Query query(*connection_, "INSERT INTO backup_packs (pack, bytes) VALUES (?1, ?2)");
    query.bind_text(1, pack.name).bind_blob(2, ByteView(portion).substr(0, size)).run();
    at += size;
    count(size);
  }
  transaction.commit();
}

void BackupFile::seal(const std::string& secret_key, std::uint64_t at_millis) {
  {
    const Id digest = digest_of(*connection_, secret_key);
    Query query(*connection_, "INSERT INTO backup VALUES (1, ?1, ?2, ?3)");
    query.bind(1, at_millis).bind_text(2, secret_key).bind_id(3, digest).run();
  }
  connection_.reset();
  core::posix_file_system().open(path_, core::OpenMode::kReadAppend)->sync();
}

void BackupFile::copy_pack(const objects::PackInfo& pack, core::File& to, const Counted& count) {
  std::uint64_t copied = 0;
  Query query(*connection_, "SELECT bytes FROM backup_packs WHERE pack=?1 ORDER BY number");
  query.bind_text(1, pack.name);
  while (query.step()) {
    const ByteView portion = query.blob(0);
    copied += portion.size();
    if (copied > pack.bytes) break;
    to.append(portion);
    count(portion.size());
  }
  if (copied != pack.bytes) throw_damaged(path_, pack.name + " has not the size that it had");
}

void BackupFile::copy_database(const std::filesystem::path& to) {
  Connection connection(to, Connection::Mode::kReadWrite, kBusyMillis);
  {
    Query attach(connection, "ATTACH ?1 AS backup");
    attach.bind_text(1, path_.string()).run();
  }
  SqliteTransaction transaction(connection, SqliteTransaction::Kind::kWrite);
  connection.execute("DELETE FROM counters");
  for (const Table& table : kDatabaseTables) connection.execute(table.copy);
  Query query(*connection_, "SELECT digest FROM backup");
  if (!query.step() || query.id(0) != digest_of(connection, secret_key())) {
    throw_damaged(path_, "what it holds is not what was backed up");
  }
  transaction.commit();
}

}  // namespace isodb::refs
