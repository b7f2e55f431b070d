#pragma once

#include <memory>
#include <mutex>

#include "refs/database.h"
#include "refs/log_space.h"
#include "refs/read_only_file.h"
#include "refs/sqlite.h"

namespace isodb::refs {

/// Names of packs come from the file and become names of files: nothing but "<32 hex>.pack" is one.
bool is_pack_name(std::string_view name);

/// The one row of numbers that every transaction that writes reads first and writes last.
struct Counters {
  std::uint64_t transactions = 0;
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;
  std::uint64_t removals = 0;  ///< transactions that removed loose rows
  std::int64_t loose_next = 1;
  std::uint64_t move_next = 1;

  static Counters load(Connection& connection);
  void store(Connection& connection) const;
};

/// The two connections and their locks.
struct Database::Impl {
  std::filesystem::path path;
  std::mutex write_mutex, read_mutex;
  std::unique_ptr<Connection> writer;   // null when opened for reading only
  std::unique_ptr<LogSpace> log_space;  // of the writer
  std::unique_ptr<Connection> reader;   // null when read_only_file is used
  std::unique_ptr<ReadOnlyFile> read_only_file;

  void open_connections(const Options& options);
  /// Error(kInvalid) when the file was opened for reading only.
  Connection& writing();
  Connection& reading() { return reader ? *reader : read_only_file->connection(); }

  /// Error(kIo) where the file was replaced since it was opened (isodb recover).
  void check_in_place() const;

  /// Runs `work(connection)` on the connection that reads.
  template <typename Work>
  auto read(Work&& work) {
    const std::lock_guard lock(read_mutex);
    return work(reading());
  }

  /// Runs `work(connection, counters)` in one transaction, which is made durable when it returns
  /// true and undone when it returns false or throws.
  template <typename Work>
  void write(Work&& work) {
    const std::lock_guard lock(write_mutex);
    SqliteTransaction transaction(writing(), SqliteTransaction::Kind::kWrite);
    // Within it: who replaces the file keeps others from writing until the new one is there.
    check_in_place();
    log_space->provide();
    Counters counters = Counters::load(*writer);
    if (!work(*writer, counters)) return;
    ++counters.transactions;
    counters.store(*writer);
    transaction.commit();
  }
};

/// Error(kInvalid) for rows that break the rules of LooseRow.
void check_loose_rows(const std::vector<LooseRow>& rows);
std::int64_t insert_loose_row(Connection& connection, Counters& counters, const LooseRow& row);
void delete_draft(Connection& connection);
std::optional<std::string> read_setting(Connection& connection, const std::string& key);
/// nullopt when none is open.
std::optional<Database::Draft> read_draft(Connection& connection);

}  // namespace isodb::refs
