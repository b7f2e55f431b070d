#include "refs/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

#include "isodb/error.h"

namespace isodb::refs {
namespace {

constexpr const char* kHintRights =
    "check who owns the repository's folder and files, and that it is not mounted read-only";
constexpr const char* kHintSpace = "free some space on this disk, then try again";
constexpr const char* kHintDisk =
    "check the disk: its free space, its limits for files, its health";
constexpr const char* kHintDamaged =
    "restore the repository from a backup or from another device; where it can still be opened, "
    "isodb fsck lists what is damaged";

/// SQLite's file: URI for a path, every special byte escaped.
std::string file_uri(const std::filesystem::path& path, std::string_view parameters) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string uri = "file:";
  for (const unsigned char byte : std::filesystem::absolute(path).string()) {
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '/' || byte == '.' || byte == '-' ||
                       byte == '_';
    if (plain) {
      uri += static_cast<char>(byte);
    } else {
      uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return uri.append("?").append(parameters);
}

int open_flags(Connection::Mode mode) {
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case Connection::Mode::kCreate:
      return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Connection::Mode::kReadWrite:
      return common | SQLITE_OPEN_READWRITE;
    case Connection::Mode::kRead:
      return common | SQLITE_OPEN_READONLY;
    case Connection::Mode::kImmutable:
      break;
  }
  return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
}

[[noreturn]] void throw_system_error(const std::string& where, const char* reason,
                                     int system_error) {
  const bool full = system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
  const bool rights = system_error == EACCES || system_error == EPERM || system_error == EROFS;
  std::string message = where + ": " + reason;
  if (system_error != 0) message += std::string(" (") + std::strerror(system_error) + ")";
  throw Error(ErrorCode::kIo, message, full ? kHintSpace : rights ? kHintRights : kHintDisk);
}

}  // namespace

void throw_damaged(const std::filesystem::path& path, const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, path.string() + ": " + problem, kHintDamaged);
}

/// Waits in steps that grow from 0.1 to 4 ms: a commit takes about a millisecond, and SQLite's own
/// handler, whose steps grow to 100 ms, would starve beside a process that commits all the time.
struct Connection::BusyWait {
  std::chrono::milliseconds limit;
  std::chrono::steady_clock::time_point start;

  static int on_busy(void* self, int attempts) {
    auto& wait = *static_cast<BusyWait*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (attempts == 0) wait.start = now;
    if (now - wait.start >= wait.limit) return 0;
    const std::chrono::microseconds step(100 << std::min(attempts / 4, 5));
    std::this_thread::sleep_for(std::min(step, std::chrono::microseconds(4000)));
    return 1;
  }
};

void Connection::Closer::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

Connection::Connection(const std::filesystem::path& path, Mode mode, unsigned busy_millis)
    : path_(path),
      busy_wait_(std::make_unique<BusyWait>(BusyWait{std::chrono::milliseconds(busy_millis), {}})) {
  const std::string name = mode == Mode::kImmutable ? file_uri(path, "immutable=1") : path.string();
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, open_flags(mode), nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw_error(code);
  sqlite3_busy_handler(handle, &BusyWait::on_busy, busy_wait_.get());
  // Whoever prepared the file, its schema runs no code and its cells are checked. Deleted rows need
  // no zeros written over them (Debian's default): packing deletes megabytes.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  execute("PRAGMA cell_size_check=ON; PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;");
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_error(code);
}

std::int64_t Connection::number(const char* sql) {
  Query query(*this, sql);
  return query.step() ? query.int64(0) : 0;
}

std::string Connection::text(const char* sql) {
  Query query(*this, sql);
  return query.step() ? std::string(query.text(0)) : std::string();
}

std::int64_t Connection::changed_rows() {
  return sqlite3_changes64(handle());
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle()) == 0;
}

bool Connection::was_replaced() const {
  int moved = 0;
  const int code = sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code == SQLITE_OK && moved != 0;
}

void Connection::roll_back() noexcept {
  // A failure may have rolled it back already; and when rolling back fails, the next begin says so.
  if (in_transaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return known->second;
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) throw_error(code);
  statements_.emplace(sql, statement);
  return statement;
}

void Connection::throw_error(int code) const {
  const std::string where = path_.string();
  const char* reason = handle_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  const int system_error = handle_ ? sqlite3_system_errno(handle()) : 0;
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_FULL:
      throw Error(ErrorCode::kIo, where + ": the disk is full", kHintSpace);
    case SQLITE_READONLY:  // where opening found it out, SQLite itself has no words for it
      throw Error(ErrorCode::kIo, where + " can be read but not written", kHintRights);
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      throw Error(ErrorCode::kIo, where + ": " + reason, kHintRights);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorCode::kBusy, where + ": another process keeps it locked",
                  "try again when the other program is done");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:       // a table or column is missing: not the schema that was written
    case SQLITE_CONSTRAINT:  // a row is where none can be
    case SQLITE_SCHEMA:
      throw_damaged(path_, reason);
    case SQLITE_TOOBIG:
      throw Error(ErrorCode::kLimit, where + ": a row would be too large");
    default:
      throw_system_error(where, reason, system_error);
  }
}

Query::Query(Connection& connection, const char* sql)
    : connection_(connection), statement_(connection.prepare(sql)) {}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

Query& Query::bind(int index, std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(INT64_MAX)) {
    throw Error(ErrorCode::kLimit, "the number " + std::to_string(value) + " is too large");
  }
  return bind(index, static_cast<std::int64_t>(value));
}

Query& Query::bind_text(int index, std::string_view value) {
  sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Query& Query::bind_blob(int index, ByteView value) {
  sqlite3_bind_blob64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(),
                      SQLITE_STATIC);
  return *this;
}

Query& Query::bind_id(int index, const std::optional<Id>& value) {
  return value ? bind_blob(index, value->bytes()) : bind_null(index);
}

Query& Query::bind_null(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.throw_error(code);
  return false;
}

void Query::run() {
  while (step()) continue;
}

int Query::columns() const {
  return sqlite3_column_count(statement_);
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::int64(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::uint64_t Query::uint64(int column) const {
  const std::int64_t value = int64(column);
  if (value < 0) throw_damaged(connection_.path(), "a number below zero where none can be");
  return static_cast<std::uint64_t>(value);
}

std::string_view Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string_view() : std::string_view(data, static_cast<size_t>(size));
}

ByteView Query::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? ByteView() : ByteView(data, static_cast<std::size_t>(size));
}

Id Query::id(int column) const {
  const ByteView raw = blob(column);
  if (raw.size() != Id::kSize) throw_damaged(connection_.path(), "an id that is not 32 bytes long");
  return Id::from_bytes(raw);
}

std::optional<Id> Query::optional_id(int column) const {
  if (is_null(column)) return std::nullopt;
  return id(column);
}

SqliteTransaction::SqliteTransaction(Connection& connection, Kind kind) : connection_(connection) {
  Query(connection, kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN").run();
}

SqliteTransaction::~SqliteTransaction() {
  connection_.roll_back();
}

void SqliteTransaction::commit() {
  Query(connection_, "COMMIT").run();
}

void copy_database(Connection& from, Connection& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) to.throw_error(sqlite3_extended_errcode(to.handle()));
  // All at once: one read transaction of `from`, so nothing that others write meanwhile is seen.
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) to.throw_error(stepped);
  if (finished != SQLITE_OK) to.throw_error(finished);
}

}  // namespace isodb::refs
