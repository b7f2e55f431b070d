#include "refs/schema.h"

#include <string>

#include "isodb/error.h"
#include "refs/database.h"

namespace isodb::refs {
namespace {

// docs/storage.md, "The SQLite file", says what each column holds. STRICT: a value of another type
// than its column's is refused by SQLite itself.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE counters (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  transactions INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  removals INTEGER NOT NULL,
  loose_next INTEGER NOT NULL,
  move_next INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES (1, 0, 0, 0, 0, 1, 1);
CREATE TABLE refs (
  name TEXT NOT NULL PRIMARY KEY,
  target BLOB,
  last_move INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reflog (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  previous INTEGER NOT NULL,
  before BLOB,
  after BLOB,
  at_millis INTEGER NOT NULL,
  writer TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE loose (
  number INTEGER PRIMARY KEY,
  items BLOB NOT NULL,
  records BLOB NOT NULL
) STRICT;
CREATE TABLE packs (
  name TEXT NOT NULL PRIMARY KEY,
  bytes INTEGER NOT NULL,
  objects INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE draft (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  branch TEXT NOT NULL,
  base BLOB
) STRICT;
CREATE TABLE draft_changes (
  path TEXT NOT NULL PRIMARY KEY,
  entry BLOB
) STRICT, WITHOUT ROWID;
)sql";

/// One statement list a version: element n leads from version n to n + 1.
constexpr const char* kMigrations[] = {kVersion1};
static_assert(std::size(kMigrations) == Database::kSchemaVersion);

}  // namespace

bool needs_migration(Connection& connection) {
  const std::int64_t version = connection.number("PRAGMA user_version");
  if (connection.number("PRAGMA application_id") != kApplicationId || version < 1) {
    throw_damaged(connection.path(), "not the file of an isodb repository, or an unfinished one");
  }
  if (version > Database::kSchemaVersion) {
    throw Error(ErrorCode::kUnsupported,
                connection.path().string() + ": written by a newer isodb (schema version " +
                    std::to_string(version) + "; this one knows up to " +
                    std::to_string(Database::kSchemaVersion) + ")",
                "update isodb on this device");
  }
  return version < Database::kSchemaVersion;
}

void migrate(Connection& connection) {
  SqliteTransaction transaction(connection, SqliteTransaction::Kind::kWrite);
  // Another process may have done it while this one waited.
  std::int64_t version = connection.number("PRAGMA user_version");
  for (; version < Database::kSchemaVersion; ++version) {
    connection.execute(kMigrations[version]);
  }
  const std::string stamp = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(version);
  connection.execute(stamp.c_str());
  transaction.commit();
}

}  // namespace isodb::refs
