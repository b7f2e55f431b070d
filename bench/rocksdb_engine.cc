#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <stdexcept>

#include "bench/engine.h"
#include "bench/hash.h"

namespace isodb::bench {
namespace {

void check(const rocksdb::Status& status, const char* what) {
  if (!status.ok()) {
    throw std::runtime_error(std::string("RocksDB cannot ") + what + ": " + status.ToString());
  }
}

/// Two column families. A load fills memtables without the write-ahead log and flushes both at the
/// end, atomically: that is what RocksDB's guide advises for bulk loading. Later commits go through
/// the log and sync it.
class RocksdbEngine final : public Engine {
 public:
  using Engine::Engine;
  ~RocksdbEngine() override {
    for (auto* family : families_) database_->DestroyColumnFamilyHandle(family);
  }

  void load(CorpusReader& reader, Order /*order*/) override {
    open_database(Loading::kYes);
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    rocksdb::WriteBatch batch;
    std::string_view path, json;
    while (reader.next(path, json)) {
      put(batch, path, json);
      if (batch.GetDataSize() < kBatchBytes) continue;
      check(database_->Write(unlogged, &batch), "write");
      batch.Clear();
    }
    check(database_->Write(unlogged, &batch), "write");
    check(database_->Flush(rocksdb::FlushOptions(), families_), "flush");
  }

  void settle() override {
    open_database(Loading::kNo);
    for (auto* family : families_) {
      rocksdb::CompactRangeOptions options;
      options.max_subcompactions = 2;
      check(database_->CompactRange(options, family, nullptr, nullptr), "compact");
    }
  }

  void open() override { open_database(Loading::kNo); }

  bool get(const std::string& path, std::string& out) override {
    hash_.Reset();
    const rocksdb::Status status = database_->Get(reading_, families_[kPaths], path, &hash_);
    if (status.IsNotFound()) return false;
    check(status, "read a path");
    read(hash_, out);
    return true;
  }

  std::uint64_t scan() override {
    std::uint64_t bytes = 0;
    std::string document;
    const auto cursor = walk(families_[kPaths]);
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      read(cursor->value(), document);
      bytes += document.size();
    }
    check(cursor->status(), "walk");
    return bytes;
  }

  std::uint64_t scan_any_order() override {
    std::uint64_t bytes = 0;
    std::string copy;
    const auto cursor = walk(families_[kDocuments]);
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      copy.assign(cursor->value().data(), cursor->value().size());
      bytes += copy.size();
    }
    check(cursor->status(), "walk");
    return bytes;
  }

  std::unique_ptr<Committer> committer() override;

  void put(rocksdb::WriteBatch& batch, std::string_view path, std::string_view json) {
    const Hash hash = sha256(json);
    const rocksdb::Slice key(hash.data(), hash.size());
    check(batch.Put(families_[kDocuments], key, {json.data(), json.size()}), "put");
    check(batch.Put(families_[kPaths], {path.data(), path.size()}, key), "put");
  }
  rocksdb::DB& database() { return *database_; }

 private:
  static constexpr std::size_t kBatchBytes = 1 << 20;
  static constexpr std::size_t kDocuments = 0, kPaths = 1;
  enum class Loading { kNo, kYes };

  rocksdb::ColumnFamilyOptions family_options(Loading loading,
                                              const std::shared_ptr<rocksdb::Cache>& cache) {
    rocksdb::ColumnFamilyOptions options;
    options.write_buffer_size = 64 << 20;
    options.max_write_buffer_number = 3;
    options.compression = rocksdb::kLZ4Compression;
    options.bottommost_compression = rocksdb::kLZ4Compression;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    table.format_version = 5;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    if (loading == Loading::kYes) {
      options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
      options.disable_auto_compactions = true;
      options.level0_slowdown_writes_trigger = options.level0_stop_writes_trigger = 1 << 30;
    }
    return options;
  }

  void open_database(Loading loading) {
    rocksdb::DBOptions options;
    options.create_if_missing = options.create_missing_column_families = true;
    options.IncreaseParallelism(2);
    options.max_subcompactions = 2;
    options.atomic_flush = true;
    options.allow_concurrent_memtable_write = loading == Loading::kNo;
    const auto cache = rocksdb::NewLRUCache(settings_.cache_bytes);
    const auto family = family_options(loading, cache);
    const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = {
        {rocksdb::kDefaultColumnFamilyName, family}, {"paths", family}};
    rocksdb::DB* database = nullptr;
    check(rocksdb::DB::Open(options, folder(), descriptors, &families_, &database), "open");
    database_.reset(database);
  }

  std::unique_ptr<rocksdb::Iterator> walk(rocksdb::ColumnFamilyHandle* family) {
    rocksdb::ReadOptions options;
    options.readahead_size = 2 << 20;
    options.fill_cache = false;
    return std::unique_ptr<rocksdb::Iterator>(database_->NewIterator(options, family));
  }

  void read(const rocksdb::Slice& hash, std::string& out) {
    document_.Reset();
    check(database_->Get(reading_, families_[kDocuments], hash, &document_), "read a document");
    out.assign(document_.data(), document_.size());
  }

  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::ReadOptions reading_;
  rocksdb::PinnableSlice hash_, document_;
};

class RocksdbCommitter final : public Committer {
 public:
  explicit RocksdbCommitter(RocksdbEngine& engine) : engine_(engine) {}
  void commit(const std::vector<Document>& documents) override {
    rocksdb::WriteBatch batch;
    for (const Document& document : documents) engine_.put(batch, document.path, document.json);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    check(engine_.database().Write(synced, &batch), "commit");
  }

 private:
  RocksdbEngine& engine_;
};

std::unique_ptr<Committer> RocksdbEngine::committer() {
  return std::make_unique<RocksdbCommitter>(*this);
}

}  // namespace

EngineKind rocksdb_kind() {
  return {
      "RocksDB", ROCKSDB_NAMESPACE::GetRocksVersionAsString(),
      "two column families, LZ4, bloom filters of 10 bits, hash index in blocks, two background "
      "threads; the load goes to vector memtables without the write-ahead log and ends in one "
      "atomic flush, the compaction after it is reported apart; commits sync the log",
      [](EngineSettings settings) -> std::unique_ptr<Engine> {
        return std::make_unique<RocksdbEngine>(std::move(settings));
      }};
}

}  // namespace isodb::bench
