#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "refs/database.h"
#include "refs/database_impl.h"
#include "refs/loose_items.h"

namespace isodb::refs {
namespace {

void check_batch(const WriteBatch& batch) {
  for (const RefMove& move : batch.moves) {
    if (const std::string problem = ref_name_problem(move.name); !problem.empty()) {
      throw Error(ErrorCode::kInvalid, "'" + move.name + "': " + problem);
    }
  }
  for (const objects::PackInfo& pack : batch.packs_added) {
    if (!is_pack_name(pack.name)) {
      throw Error(ErrorCode::kInvalid, "'" + pack.name + "' is no name of a pack");
    }
  }
  check_loose_rows(batch.loose);
}

/// Applies batches inside a transaction that is open.
class BatchWriter {
 public:
  BatchWriter(Connection& connection, Counters& counters)
      : connection_(connection), counters_(counters) {}

  /// What was lost; then some of the batch may have been applied, and has to be undone.
  std::optional<LostSwap> apply(const WriteBatch& batch, std::vector<std::int64_t>& numbers);

 private:
  bool preconditions_hold(const WriteBatch& batch) const;
  std::optional<LostSwap> move(const RefMove& move, const WriteBatch& batch);
  void replace_objects(const WriteBatch& batch, std::vector<std::int64_t>& numbers);
  void set(const std::string& key, const std::optional<std::string>& value);

  Connection& connection_;
  Counters& counters_;
};

bool BatchWriter::preconditions_hold(const WriteBatch& batch) const {
  const auto holds = [](const std::optional<std::uint64_t>& expected, std::uint64_t actual) {
    return !expected || *expected == actual;
  };
  if (!holds(batch.collection_generation, counters_.generation) ||
      !holds(batch.sequence_expected, counters_.sequence) ||
      !holds(batch.transactions_expected, counters_.transactions)) {
    return false;
  }
  for (const auto& [key, value] : batch.settings_expected) {
    if (read_setting(connection_, key) != value) return false;
  }
  if (!batch.draft_expected) return true;
  const std::optional<Database::Draft> draft = read_draft(connection_);
  return draft && draft->changes == *batch.draft_expected;
}

std::optional<LostSwap> BatchWriter::apply(const WriteBatch& batch,
                                           std::vector<std::int64_t>& numbers) {
  if (!preconditions_hold(batch)) return LostSwap{};
  for (const RefMove& wanted : batch.moves) {
    if (std::optional<LostSwap> lost = move(wanted, batch)) return lost;
  }
  replace_objects(batch, numbers);
  for (const auto& [key, value] : batch.settings) set(key, value);
  if (batch.sequence_next) counters_.sequence = *batch.sequence_next;
  counters_.sequence = std::max(counters_.sequence, batch.sequence_min);
  if (batch.collection) ++counters_.generation;
  if (batch.ends_draft) delete_draft(connection_);
  return std::nullopt;
}

std::optional<LostSwap> BatchWriter::move(const RefMove& move, const WriteBatch& batch) {
  std::optional<Id> actual;
  std::uint64_t previous = 0;
  {
    Query query(connection_, "SELECT target, last_move FROM refs WHERE name=?1");
    query.bind_text(1, move.name);
    if (query.step()) {
      actual = query.optional_id(0);
      previous = query.uint64(1);
    }
  }
  if (actual != move.expected) return LostSwap{move.name, actual};
  if (!move.expected && !move.next) return std::nullopt;  // only a check that the ref is absent
  const std::uint64_t number = counters_.move_next++;
  Query(connection_,
        "INSERT INTO refs (name, target, last_move) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (name) DO UPDATE SET target=?2, last_move=?3")
      .bind_text(1, move.name)
      .bind_id(2, move.next)
      .bind(3, number)
      .run();
  Query(connection_,
        "INSERT INTO reflog (number, name, previous, before, after, at_millis, writer, reason) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, number)
      .bind_text(2, move.name)
      .bind(3, previous)
      .bind_id(4, move.expected)
      .bind_id(5, move.next)
      .bind(6, batch.at_millis)
      .bind_text(7, batch.writer)
      .bind_text(8, move.reason)
      .run();
  return std::nullopt;
}

void BatchWriter::replace_objects(const WriteBatch& batch, std::vector<std::int64_t>& numbers) {
  for (const std::string& name : batch.packs_removed) {
    Query(connection_, "DELETE FROM packs WHERE name=?1").bind_text(1, name).run();
  }
  for (const std::int64_t number : batch.loose_removed) {
    Query(connection_, "DELETE FROM loose WHERE number=?1").bind(1, number).run();
  }
  if (!batch.loose_removed.empty()) ++counters_.removals;
  // A pack is named by what is in it: one that is registered already is the same.
  for (const objects::PackInfo& pack : batch.packs_added) {
    Query(connection_, "INSERT OR IGNORE INTO packs (name, bytes, objects) VALUES (?1, ?2, ?3)")
        .bind_text(1, pack.name)
        .bind(2, pack.bytes)
        .bind(3, pack.objects)
        .run();
  }
  for (const LooseRow& row : batch.loose) {
    numbers.push_back(insert_loose_row(connection_, counters_, row));
  }
}

void BatchWriter::set(const std::string& key, const std::optional<std::string>& value) {
  if (!value) {
    Query(connection_, "DELETE FROM settings WHERE key=?1").bind_text(1, key).run();
    return;
  }
  Query(connection_,
        "INSERT INTO settings (key, value) VALUES (?1, ?2) "
        "ON CONFLICT (key) DO UPDATE SET value=?2")
      .bind_text(1, key)
      .bind_text(2, *value)
      .run();
}

}  // namespace

void check_loose_rows(const std::vector<LooseRow>& rows) {
  for (const LooseRow& row : rows) {
    const std::string problem = items_problem(row.items, row.records.size());
    if (!problem.empty()) throw Error(ErrorCode::kInvalid, "loose row: " + problem);
  }
}

std::int64_t insert_loose_row(Connection& connection, Counters& counters, const LooseRow& row) {
  const std::int64_t number = counters.loose_next++;
  const Bytes items = encode_items(row.items);
  Query(connection, "INSERT INTO loose (number, items, records) VALUES (?1, ?2, ?3)")
      .bind(1, number)
      .bind_blob(2, items)
      .bind_blob(3, row.records)
      .run();
  return number;
}

Database::WriteResult Database::write(const WriteBatch& batch) {
  return std::move(write_group({&batch}).front());
}

std::vector<Database::WriteResult> Database::write_group(
    const std::vector<const WriteBatch*>& batches) {
  for (const WriteBatch* batch : batches) check_batch(*batch);
  std::vector<WriteResult> results(batches.size());
  impl_->write([&](Connection& connection, Counters& counters) {
    bool any_done = false;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const Counters before = counters;
      if (batches.size() > 1) Query(connection, "SAVEPOINT batch").run();
      BatchWriter writer(connection, counters);
      results[i].lost = writer.apply(*batches[i], results[i].loose_numbers);
      if (results[i].lost) {
        results[i].loose_numbers.clear();
        counters = before;
        if (batches.size() > 1) Query(connection, "ROLLBACK TO batch").run();
      } else {
        any_done = true;
      }
      if (batches.size() > 1) Query(connection, "RELEASE batch").run();
    }
    const std::uint64_t transactions = counters.transactions + (any_done ? 1 : 0);
    for (WriteResult& result : results) result.transactions = transactions;
    return any_done;
  });
  return results;
}

std::optional<Database::WriteResult> Database::write_made(
    const std::function<std::optional<WriteBatch>()>& make) {
  std::optional<WriteResult> result;
  impl_->write([&](Connection& connection, Counters& counters) {
    const std::optional<WriteBatch> batch = make();
    if (!batch) return false;
    check_batch(*batch);
    WriteResult done;
    done.lost = BatchWriter(connection, counters).apply(*batch, done.loose_numbers);
    done.transactions = counters.transactions + (done.lost ? 0 : 1);
    const bool is_done = !done.lost;
    result = std::move(done);
    return is_done;
  });
  return result;
}

void Database::shrink(std::int64_t live_bytes_max) {
  constexpr std::int64_t kFreePart = 4;
  const std::lock_guard lock(impl_->write_mutex);
  Connection& connection = impl_->writing();
  const std::int64_t all = connection.number("PRAGMA page_count");
  const std::int64_t free = connection.number("PRAGMA freelist_count");
  if (free * kFreePart < all) return;
  if ((all - free) * connection.number("PRAGMA page_size") > live_bytes_max) return;
  try {
    connection.execute("VACUUM");
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const Error& error) {
    // The free pages stay in the file, and the next commits use them.
    if (error.code() != ErrorCode::kBusy && error.code() != ErrorCode::kIo) throw;
  }
}

void Database::scrub() {
  {
    const std::lock_guard lock(impl_->write_mutex);
    impl_->writing().execute("VACUUM");
  }
  empty_log();
}

}  // namespace isodb::refs
