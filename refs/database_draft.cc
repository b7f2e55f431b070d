#include "isodb/error.h"
#include "refs/database.h"
#include "refs/database_impl.h"

namespace isodb::refs {
namespace {

bool draft_is_open(Connection& connection) {
  return connection.number("SELECT count(*) FROM draft") != 0;
}

void check_draft_is_open(Connection& connection) {
  if (!draft_is_open(connection)) {
    throw Error(ErrorCode::kNotFound, "no draft is open", "isodb begin opens one");
  }
}

}  // namespace

void delete_draft(Connection& connection) {
  Query(connection, "DELETE FROM draft_changes").run();
  Query(connection, "DELETE FROM draft").run();
}

std::optional<Database::Draft> read_draft(Connection& connection) {
  Query head(connection, "SELECT branch, base FROM draft");
  if (!head.step()) return std::nullopt;
  Database::Draft draft;
  draft.branch = head.text(0);
  draft.base = head.optional_id(1);
  Query query(connection, "SELECT path, entry FROM draft_changes ORDER BY path");
  while (query.step()) {
    DraftChange& change = draft.changes.emplace_back();
    change.path = query.text(0);
    if (!query.is_null(1)) change.entry = Bytes(query.blob(1));
  }
  return draft;
}

std::optional<Database::Draft> Database::draft() {
  return impl_->read([](Connection& connection) {
    const SqliteTransaction snapshot(connection, SqliteTransaction::Kind::kRead);
    return read_draft(connection);
  });
}

void Database::begin_draft(const std::string& branch, const std::optional<Id>& base) {
  impl_->write([&](Connection& connection, Counters&) {
    if (draft_is_open(connection)) {
      throw Error(ErrorCode::kInvalid, "a draft is open already",
                  "isodb commit or isodb rollback ends it");
    }
    Query(connection, "INSERT INTO draft (id, branch, base) VALUES (1, ?1, ?2)")
        .bind_text(1, branch)
        .bind_id(2, base)
        .run();
    return true;
  });
}

std::vector<std::int64_t> Database::stage(const std::vector<DraftChange>& changes,
                                          const std::vector<LooseRow>& loose,
                                          std::optional<std::uint64_t> collection_generation) {
  check_loose_rows(loose);
  std::vector<std::int64_t> numbers;
  impl_->write([&](Connection& connection, Counters& counters) {
    check_draft_is_open(connection);
    if (collection_generation && *collection_generation != counters.generation) {
      throw Error(ErrorCode::kStale, "a collection ran meanwhile", "stage the changes again");
    }
    for (const LooseRow& row : loose) {
      numbers.push_back(insert_loose_row(connection, counters, row));
    }
    for (const DraftChange& change : changes) {
      Query query(connection,
                  "INSERT INTO draft_changes (path, entry) VALUES (?1, ?2) "
                  "ON CONFLICT (path) DO UPDATE SET entry=?2");
      query.bind_text(1, change.path);
      change.entry ? query.bind_blob(2, *change.entry) : query.bind_null(2);
      query.run();
    }
    return true;
  });
  return numbers;
}

void Database::unstage(const std::vector<std::string>& paths) {
  impl_->write([&](Connection& connection, Counters&) {
    check_draft_is_open(connection);
    for (const std::string& path : paths) {
      Query(connection, "DELETE FROM draft_changes WHERE path=?1").bind_text(1, path).run();
    }
    return true;
  });
}

void Database::end_draft() {
  impl_->write([](Connection& connection, Counters&) {
    delete_draft(connection);
    return true;
  });
}

}  // namespace isodb::refs
