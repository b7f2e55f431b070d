// LMDB: two named databases. The map is far larger than the data (address space costs nothing);
// WRITEMAP spares a copy of each dirty page and keeps commits durable; NOSYNC and NOMETASYNC are
// not set. NORDAHEAD suits random reads. Paths that arrive in order are appended.
#include <lmdb.h>

#include <stdexcept>

#include "bench/engine.h"
#include "bench/hash.h"

namespace isodb::bench {
namespace {

void check(int code, const char* what) {
  if (code != MDB_SUCCESS) {
    throw std::runtime_error(std::string("LMDB cannot ") + what + ": " + mdb_strerror(code));
  }
}

MDB_val value(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

class LmdbEngine final : public Engine {
 public:
  using Engine::Engine;
  ~LmdbEngine() override {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
    if (environment_ != nullptr) mdb_env_close(environment_);
  }

  void load(CorpusReader& reader, Order order) override {
    open_environment();
    MDB_txn* transaction = begin_write();
    check(mdb_dbi_open(transaction, "documents", MDB_CREATE, &documents_), "make documents");
    check(mdb_dbi_open(transaction, "paths", MDB_CREATE, &paths_), "make paths");
    std::string_view path, json;
    while (reader.next(path, json)) {
      put(transaction, path, json, order == Order::kSorted ? MDB_APPEND : 0);
    }
    check(mdb_txn_commit(transaction), "commit");
  }

  void open() override {
    open_environment();
    MDB_txn* transaction = begin_write();
    check(mdb_dbi_open(transaction, "documents", 0, &documents_), "open documents");
    check(mdb_dbi_open(transaction, "paths", 0, &paths_), "open paths");
    check(mdb_txn_commit(transaction), "commit");
  }

  bool get(const std::string& path, std::string& out) override {
    MDB_txn* reader = this->reader();
    MDB_val key = value(path), hash, document;
    const int code = mdb_get(reader, paths_, &key, &hash);
    if (code == MDB_NOTFOUND) return false;
    check(code, "read a path");
    check(mdb_get(reader, documents_, &hash, &document), "read a document");
    out.assign(static_cast<const char*>(document.mv_data), document.mv_size);
    return true;
  }

  std::uint64_t scan() override {
    return walk(paths_, [this](const MDB_val& hash) {
      MDB_val key = hash, document;
      check(mdb_get(reader_, documents_, &key, &document), "read a document");
      return document;
    });
  }

  std::uint64_t scan_any_order() override {
    return walk(documents_, [](const MDB_val& document) { return document; });
  }

  std::unique_ptr<Committer> committer() override;

  MDB_txn* begin_write() {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction), "begin");
    return transaction;
  }

  void put(MDB_txn* transaction, std::string_view path, std::string_view json,
           unsigned path_flags) {
    const Hash hash = sha256(json);
    MDB_val hash_value = value(view(hash)), document = value(json), key = value(path);
    const int code = mdb_put(transaction, documents_, &hash_value, &document, MDB_NOOVERWRITE);
    if (code != MDB_KEYEXIST) check(code, "put a document");
    hash_value = value(view(hash));
    check(mdb_put(transaction, paths_, &key, &hash_value, path_flags), "put a path");
  }

  void finish_reading() {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
    reader_ = nullptr;
  }

 private:
  static constexpr std::size_t kMapBytes = std::size_t{64} << 30;

  void open_environment() {
    check(mdb_env_create(&environment_), "start");
    check(mdb_env_set_mapsize(environment_, kMapBytes), "set the map's size");
    check(mdb_env_set_maxdbs(environment_, 2), "set the number of databases");
    check(mdb_env_open(environment_, folder().c_str(), MDB_WRITEMAP | MDB_NORDAHEAD, 0644),
          "open the folder");
  }

  MDB_txn* reader() {
    if (reader_ == nullptr) {
      check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_), "begin to read");
    }
    return reader_;
  }

  template <typename Take>
  std::uint64_t walk(MDB_dbi database, Take&& take) {
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(reader(), database, &cursor), "open a cursor");
    std::uint64_t bytes = 0;
    std::string copy;
    MDB_val key, found;
    int code = mdb_cursor_get(cursor, &key, &found, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor, &key, &found, MDB_NEXT)) {
      const MDB_val document = take(found);
      copy.assign(static_cast<const char*>(document.mv_data), document.mv_size);
      bytes += copy.size();
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) check(code, "walk");
    return bytes;
  }

  MDB_env* environment_ = nullptr;
  MDB_txn* reader_ = nullptr;
  MDB_dbi documents_ = 0, paths_ = 0;
};

class LmdbCommitter final : public Committer {
 public:
  explicit LmdbCommitter(LmdbEngine& engine) : engine_(engine) {}
  void commit(const std::vector<Document>& documents) override {
    MDB_txn* transaction = engine_.begin_write();
    for (const Document& document : documents) {
      engine_.put(transaction, document.path, document.json, 0);
    }
    check(mdb_txn_commit(transaction), "commit");
  }

 private:
  LmdbEngine& engine_;
};

std::unique_ptr<Committer> LmdbEngine::committer() {
  finish_reading();
  return std::make_unique<LmdbCommitter>(*this);
}

}  // namespace

EngineKind lmdb_kind() {
  return {"LMDB",
          std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
              std::to_string(MDB_VERSION_PATCH),
          "two databases in one environment, WRITEMAP, NORDAHEAD, full sync at each commit; "
          "MDB_APPEND for paths that arrive in order; no compression; mapped, so the cache budget "
          "does not apply",
          [](EngineSettings settings) -> std::unique_ptr<Engine> {
            return std::make_unique<LmdbEngine>(std::move(settings));
          }};
}

}  // namespace isodb::bench
