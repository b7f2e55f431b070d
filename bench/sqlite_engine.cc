#include <sqlite3.h>

#include <stdexcept>

#include "bench/engine.h"
#include "bench/hash.h"

namespace isodb::bench {
namespace {

class Statement;

/// One connection. Owns the handle; errors are exceptions.
class Connection {
 public:
  Connection(const std::filesystem::path& file, std::size_t cache_bytes) {
    check(sqlite3_open_v2(file.c_str(), &handle_,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                          nullptr));
    sqlite3_busy_timeout(handle_, 60'000);
    execute("PRAGMA page_size=4096; PRAGMA cache_size=-" + std::to_string(cache_bytes >> 10));
  }
  ~Connection() { sqlite3_close_v2(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const std::string& sql) {
    check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr));
  }
  void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
      throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(handle_));
    }
  }
  sqlite3* handle() { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(Connection& connection, const char* sql) : connection_(connection) {
    connection.check(sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& blob(int index, std::string_view bytes) {
    sqlite3_bind_blob(statement_, index, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
    return *this;
  }
  Statement& text(int index, std::string_view bytes) {
    sqlite3_bind_text(statement_, index, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    connection_.check(code);
    return code == SQLITE_ROW;
  }
  std::string_view column(int index) {
    const void* bytes = sqlite3_column_blob(statement_, index);
    const int size = sqlite3_column_bytes(statement_, index);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  }
  void reset() { sqlite3_reset(statement_); }
  void run() {
    step();
    reset();
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
};

constexpr char kPutDocument[] = "INSERT OR IGNORE INTO documents(hash, body) VALUES(?, ?)";
constexpr char kPutPath[] = "INSERT OR REPLACE INTO paths(path, hash) VALUES(?, ?)";

class SqliteCommitter final : public Committer {
 public:
  SqliteCommitter(const std::filesystem::path& file, std::size_t cache_bytes)
      : connection_(file, cache_bytes) {
    connection_.execute("PRAGMA synchronous=FULL");
  }
  void commit(const std::vector<Document>& documents) override {
    begin_.run();
    for (const Document& document : documents) {
      const Hash hash = sha256(document.json);
      put_document_.blob(1, view(hash)).blob(2, document.json).run();
      put_path_.text(1, document.path).blob(2, view(hash)).run();
    }
    commit_.run();
  }

 private:
  Connection connection_;
  Statement begin_{connection_, "BEGIN IMMEDIATE"}, commit_{connection_, "COMMIT"};
  Statement put_document_{connection_, kPutDocument}, put_path_{connection_, kPutPath};
};

class SqliteEngine final : public Engine {
 public:
  using Engine::Engine;

  void load(CorpusReader& reader, Order /*order*/) override {
    Connection connection(file(), settings_.cache_bytes);
    connection.execute(
        "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;"
        "CREATE TABLE documents(hash BLOB PRIMARY KEY, body BLOB NOT NULL);"
        "CREATE TABLE paths(path TEXT PRIMARY KEY, hash BLOB NOT NULL) WITHOUT ROWID");
    {
      Statement put_document(connection, kPutDocument), put_path(connection, kPutPath);
      std::string_view path, json;
      while (reader.next(path, json)) {
        const Hash hash = sha256(json);
        put_document.blob(1, view(hash)).blob(2, json).run();
        put_path.text(1, path).blob(2, view(hash)).run();
      }
    }
    connection.execute("COMMIT");
    connection.execute("PRAGMA journal_mode=WAL");
  }

  void open() override {
    connection_ = std::make_unique<Connection>(file(), settings_.cache_bytes);
    connection_->execute("PRAGMA mmap_size=17179869184");
    get_ = std::make_unique<Statement>(
        *connection_, "SELECT body FROM paths JOIN documents USING(hash) WHERE path = ?");
  }

  bool get(const std::string& path, std::string& out) override {
    get_->text(1, path);
    const bool found = get_->step();
    if (found) out = get_->column(0);
    get_->reset();
    return found;
  }

  std::uint64_t scan() override {
    return walk("SELECT body FROM paths CROSS JOIN documents USING(hash) ORDER BY path");
  }
  std::uint64_t scan_any_order() override { return walk("SELECT body FROM documents"); }

  std::unique_ptr<Committer> committer() override {
    return std::make_unique<SqliteCommitter>(file(), settings_.cache_bytes);
  }

 private:
  std::filesystem::path file() const { return folder() / "bench.db"; }

  std::uint64_t walk(const char* sql) {
    Statement statement(*connection_, sql);
    std::uint64_t bytes = 0;
    std::string copy;
    while (statement.step()) {
      copy = statement.column(0);
      bytes += copy.size();
    }
    return bytes;
  }

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Statement> get_;
};

}  // namespace

EngineKind sqlite_kind() {
  return {"SQLite", sqlite3_libversion(),
          "WAL, synchronous=FULL, prepared statements, pages of 4 KiB, mmap for reading; documents "
          "in a table with a unique index of hashes, paths in a WITHOUT ROWID table; the load is "
          "one transaction with a rollback journal, which has nothing to save in a new file",
          [](EngineSettings settings) -> std::unique_ptr<Engine> {
            return std::make_unique<SqliteEngine>(std::move(settings));
          }};
}

}  // namespace isodb::bench
