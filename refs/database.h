#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"
#include "objects/pack.h"

namespace isodb::refs {

/// Names of refs: "heads/<branch>", "tags/<tag>", "remotes/<remote>/<branch>" or any other path of
/// segments. Empty when `name` may name a ref; otherwise the rule it breaks, for people.
std::string ref_name_problem(std::string_view name);

struct Ref {
  std::string name;
  Id target;
};

/// One compare-and-swap. expected = nullopt: the ref must not exist; next = nullopt: it is deleted.
struct RefMove {
  std::string name;
  std::optional<Id> expected;
  std::optional<Id> next;
  std::string reason;  ///< for the reflog
};

/// A compare-and-swap that was lost: what the ref really is. The name is empty when it was not a
/// ref's but the collection generation's, the writer's sequence's, the transactions', a setting's
/// or the draft's.
struct LostSwap {
  std::string name;
  std::optional<Id> actual;
};

struct ReflogEntry {
  std::uint64_t number = 0;  ///< rises with every move of any ref
  std::string name;
  std::optional<Id> before, after;
  std::uint64_t at_millis = 0;
  std::string writer;  ///< fingerprint of the key in use
  std::string reason;  ///< "commit: …", "import", "branch", …
};

/// The objects of one commit that are not in a pack yet.
struct LooseRow {
  std::int64_t number = 0;  ///< rises and is never given again; assigned by the database
  struct Item {
    Id id;
    std::uint32_t offset = 0;  ///< of its record in `records`
  };
  std::vector<Item> items;  ///< in the order of their records: offsets rise, the first is 0
  Bytes records;
};

/// What the inventory says of a loose row.
struct LooseSummary {
  std::int64_t number = 0;
  std::vector<LooseRow::Item> items;
  std::uint64_t records_bytes = 0;
};

/// One staged change of a draft.
struct DraftChange {
  std::string path;
  std::optional<Bytes>
      entry;  ///< the entry in the draft's encoding (local, not hashed); nullopt: removed

  friend bool operator==(const DraftChange&, const DraftChange&) = default;
};

/// Everything that becomes durable together, in one SQLite transaction and one fsync.
struct WriteBatch {
  std::vector<LooseRow> loose;  ///< `number` is ignored
  std::vector<objects::PackInfo> packs_added;
  std::vector<std::string> packs_removed;   ///< by name
  std::vector<std::int64_t> loose_removed;  ///< by number
  std::vector<RefMove> moves;  ///< all or none, in this order; one ref may move several times
  std::vector<std::pair<std::string, std::optional<std::string>>> settings;  ///< nullopt: unset
  /// Refused unless these have these values.
  std::vector<std::pair<std::string, std::optional<std::string>>> settings_expected;
  std::string writer;  ///< for the reflog
  std::uint64_t at_millis = 0;
  /// When set: the commit is refused as stale (with an empty LostSwap name) unless the collection
  /// generation is still this one, so that no object believed to exist was collected meanwhile.
  std::optional<std::uint64_t> collection_generation;
  /// The writer's last commit sequence before and after this batch: two processes of one clone
  /// never use one number twice.
  std::optional<std::uint64_t> sequence_expected, sequence_next;
  std::uint64_t sequence_min = 0;  ///< the sequence is raised to this where it is lower
  /// When set: refused unless nothing at all was written since Database::transactions() was this.
  std::optional<std::uint64_t> transactions_expected;
  bool ends_draft = false;  ///< the draft is gone when the batch is done
  /// When set: refused unless these are the changes staged in the draft, so that none that was
  /// staged meanwhile is lost with it. Sorted by path.
  std::optional<std::vector<DraftChange>> draft_expected;
  bool collection = false;  ///< this batch is a collection: raises the generation
};

/// The repository's SQLite file: refs, reflog, loose objects, registered packs, settings, drafts
/// (docs/storage.md). WAL, synchronous=FULL. Owns two connections, one that writes and one that
/// reads, each behind a mutex: thread-safe, and no read waits for a write's fsync. Not to be used
/// across fork(). Any number of processes; a writer waits up to `busy_millis`, then Error(kBusy). A
/// newer schema is Error(kUnsupported), a damaged file Error(kCorrupt), a full disk or missing
/// rights Error(kIo) with a hint; a failed write changes nothing.
class Database {
 public:
  static constexpr int kSchemaVersion = 1;
  struct Options {
    unsigned busy_millis = 10'000;
    /// Opens what cannot be written, too: a folder without the right to write, or read-only media.
    /// When SQLite cannot share such a file, what is seen is the state at the time of opening.
    bool read_only = false;
  };
  /// Creates the file; Error(kInvalid) when it is there.
  static std::unique_ptr<Database> create(const std::filesystem::path& path, Options options);
  static std::unique_ptr<Database> open(const std::filesystem::path& path, Options options);
  ~Database();

  /// Applies one batch, or nothing when a compare-and-swap is lost. Numbers of the loose rows come
  /// back in order.
  struct WriteResult {
    std::optional<LostSwap> lost;
    std::vector<std::int64_t> loose_numbers;
    std::uint64_t transactions = 0;  ///< as Database::transactions() says right after this one
  };
  WriteResult write(const WriteBatch& batch);
  /// Several batches in one transaction and one fsync, each in a savepoint of its own: one that
  /// loses its swap leaves the others alone.
  std::vector<WriteResult> write_group(const std::vector<const WriteBatch*>& batches);
  /// Applies what `make` puts together while nobody else can write: what it reads from this
  /// database stays true until it is applied. nullopt, and nothing is written, where it gives
  /// nothing. `make` must write nothing itself.
  std::optional<WriteResult> write_made(const std::function<std::optional<WriteBatch>()>& make);

  std::optional<Id> ref(const std::string& name);
  /// All refs whose name begins with `prefix`, sorted by name.
  std::vector<Ref> refs(const std::string& prefix = {});
  /// Newest first; of one ref, or of all when `name` is empty.
  std::vector<ReflogEntry> reflog(const std::string& name, std::size_t limit = SIZE_MAX);
  /// Those with a higher number than this, newest first.
  std::vector<ReflogEntry> reflog_after(std::uint64_t number);
  /// Forgets the moves before this time but the newest of each ref that exists, some at a time, so
  /// that nobody waits long to write. Returns how many; less than there are where `go_on` was false
  /// at last.
  std::uint64_t expire_reflog(std::uint64_t before_millis, const std::function<bool()>& go_on = {});
  /// Would it forget any?
  bool can_expire_reflog(std::uint64_t before_millis);

  /// The sequence number of this writer's last commit; 0 before the first.
  std::uint64_t sequence();

  std::optional<std::string> setting(const std::string& key);
  std::vector<std::pair<std::string, std::string>> settings();

  /// How many transactions wrote to the file so far: rises with each, whatever it wrote.
  std::uint64_t transactions();

  /// What objects there are, read in one transaction: rows above `after_number` without their
  /// records' bytes, every registered pack and, unless no row was removed since an inventory told
  /// these `removals`, the numbers of all rows. `transactions` lets a caller skip the call when
  /// nothing changed.
  struct Inventory {
    std::vector<LooseSummary> loose_added;
    std::optional<std::vector<std::int64_t>> loose_all;  ///< rising
    std::vector<objects::PackInfo> packs;
    std::uint64_t collection_generation = 0;
    std::uint64_t transactions = 0;  ///< as transactions()
    std::uint64_t removals = 0;      ///< how often rows were removed so far
  };
  Inventory inventory(std::int64_t after_number, std::optional<std::uint64_t> removals = {});
  /// The records of one loose row; nullopt when it is gone.
  std::optional<Bytes> loose_records(std::int64_t number);

  /// The draft of this repository: nullopt when none is open.
  struct Draft {
    std::string branch;
    std::optional<Id> base;            ///< the commit it began on
    std::vector<DraftChange> changes;  ///< sorted by path
  };
  std::optional<Draft> draft();
  /// Error(kInvalid) when one is open.
  void begin_draft(const std::string& branch, const std::optional<Id>& base);
  /// Stages changes and the loose objects they need, in one transaction; returns the rows' numbers.
  /// Error(kNotFound) when no draft is open. Error(kStale) when a generation is given and a
  /// collection ran since: objects that were believed to exist may be gone.
  std::vector<std::int64_t> stage(const std::vector<DraftChange>& changes,
                                  const std::vector<LooseRow>& loose,
                                  std::optional<std::uint64_t> collection_generation = {});
  void unstage(const std::vector<std::string>& paths);
  void end_draft();

  /// Moves what SQLite's log holds into the file, durably. Error(kBusy) while others read or write.
  void empty_log();

  /// Gives the pages of deleted rows back to the file system where they are a good part of the
  /// file. Nobody writes while that is done, so not where it has to copy more than so much. Nothing
  /// depends on it: it does not happen while somebody else writes or the disk is full.
  void shrink(std::int64_t live_bytes_max);
  /// Leaves nothing in the file and its log of what was deleted: writes the file anew and empties
  /// the log. Error(kBusy) while others read or write.
  void scrub();
  /// Bytes of the file with its write-ahead log, and a check of the whole file (PRAGMA
  /// integrity_check).
  std::uint64_t file_bytes();
  std::vector<std::string> check();
  /// Copies the file while writing goes on (SQLite's backup API). Error(kInvalid) when there is
  /// something at `path` already.
  void backup_to(const std::filesystem::path& path);

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::refs
