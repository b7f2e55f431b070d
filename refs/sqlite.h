#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/bytes.h"
#include "isodb/id.h"

struct sqlite3;
struct sqlite3_stmt;

namespace isodb::refs {

/// One SQLite connection and its prepared statements, which are kept until it is closed. One thread
/// at a time. Every failure is an isodb::Error with the file's name and a hint (throw_error()).
class Connection {
 public:
  enum class Mode {
    kCreate,     ///< the file is made when it is not there
    kReadWrite,  ///< must exist and be writable
    kRead,       ///< must exist
    kImmutable,  ///< must exist; nobody writes while it is open, so no lock and no log is looked at
  };
  Connection(const std::filesystem::path& path, Mode mode, unsigned busy_millis);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one or more statements that return nothing.
  void execute(const char* sql);
  /// The first column of a statement that returns one row.
  std::int64_t number(const char* sql);
  std::string text(const char* sql);
  /// Rows that the last statement changed.
  std::int64_t changed_rows();
  bool in_transaction() const;
  /// Whether another file has the name by now, or none: what is written here nobody will read.
  bool was_replaced() const;
  /// Undoes the transaction that is open, if one is. Never throws.
  void roll_back() noexcept;

  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_.get(); }
  [[noreturn]] void throw_error(int code) const;

 private:
  friend class Query;
  sqlite3_stmt* prepare(const char* sql);

  struct BusyWait;
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  std::filesystem::path path_;
  std::unique_ptr<BusyWait> busy_wait_;
  std::unique_ptr<sqlite3, Closer> handle_;
  std::map<std::string_view, sqlite3_stmt*> statements_;  // by their text, which is a literal
};

/// A use of a prepared statement: bind, step, read columns. Resets it when it goes out of scope, so
/// that no read transaction outlives it. Text and bytes that are bound are borrowed until then.
class Query {
 public:
  /// `sql` is a string literal: it is the statement's name in the connection.
  Query(Connection& connection, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Parameters are numbered from 1.
  Query& bind(int index, std::uint64_t value);
  Query& bind(int index, std::int64_t value);
  Query& bind_text(int index, std::string_view value);
  Query& bind_blob(int index, ByteView value);
  Query& bind_id(int index, const std::optional<Id>& value);
  Query& bind_null(int index);

  /// True when there is a row to read.
  bool step();
  /// For statements that return no row.
  void run();

  int columns() const;
  /// Columns are numbered from 0. Views live until the next step.
  bool is_null(int column) const;
  std::int64_t int64(int column) const;
  /// Error(kCorrupt) for a negative number: nothing that is counted here is one.
  std::uint64_t uint64(int column) const;
  std::string_view text(int column) const;
  ByteView blob(int column) const;
  /// Error(kCorrupt) for bytes that are no id.
  Id id(int column) const;
  std::optional<Id> optional_id(int column) const;

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

/// A transaction that is rolled back unless it was committed.
class SqliteTransaction {
 public:
  enum class Kind { kRead, kWrite };
  /// kWrite waits for its turn at once (BEGIN IMMEDIATE), so that what it reads stays true.
  SqliteTransaction(Connection& connection, Kind kind);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  /// Durable when it returns, for a write.
  void commit();

 private:
  Connection& connection_;
};

/// Error(kCorrupt) about the contents of a repository file.
[[noreturn]] void throw_damaged(const std::filesystem::path& path, const std::string& problem);

/// Copies everything that `from` sees into a new file, consistently, while others write.
void copy_database(Connection& from, Connection& to);

}  // namespace isodb::refs
