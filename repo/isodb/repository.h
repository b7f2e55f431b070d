#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/error.h"
#include "isodb/id.h"
#include "isodb/key.h"
#include "isodb/passphrase.h"
#include "isodb/scope.h"
#include "isodb/snapshot.h"
#include "isodb/transaction.h"

namespace isodb {

namespace repo {
struct Access;
}

struct InitOptions {
  std::string branch = "main";  ///< name of the first branch
  std::string name;             ///< the member's name in .isodb/members/; "" for the fingerprint
  std::optional<std::filesystem::path>
      key_file;  ///< an existing secret key to copy; else a new one is made
  /// Puts the key under the passphrase that is asked for: docs/keys.md.
  bool protect = false;
  /// Of the key, where it is or comes to be under one; then OpenOptions::passphrase of the handle.
  PassphraseFunction passphrase = {};
};

struct OpenOptions {
  bool read_only = false;
  /// Readers, too, keep the history index in the folder, where they may write there: it makes the
  /// next log of a path quick, and nothing depends on it (docs/storage.md).
  bool store_index = true;
  std::size_t cache_bytes = 128 << 20;  ///< decoded tree nodes kept in memory, at most
  unsigned busy_millis = 10'000;        ///< how long a write waits for another process
  /// Asked when a key that is protected is to sign something, or to prove to a peer who this is,
  /// and not again once it was right; reading needs none. By the thread that needs the key, or one
  /// that commits for it.
  PassphraseFunction passphrase = {};
};

/// A ref and what it points to.
struct RefInfo {
  std::string name;  ///< "heads/main", "tags/v1", …
  Id target;
  ObjectType type = ObjectType::kCommit;
};

struct ReflogItem {
  std::uint64_t number = 0;
  std::string ref;
  std::optional<Id> before, after;
  std::uint64_t at_millis = 0;
  std::string writer;  ///< fingerprint
  std::string reason;
};

/// A commit with its id, as log walks them.
struct LoggedCommit {
  CommitId id;
  Commit commit;
  std::optional<Difference> change;  ///< log of one path: what this commit did to it
};

struct Progress {
  std::string_view what;
  std::uint64_t done = 0, all = 0;  ///< all = 0: not known
};
using ProgressFunction = std::function<void(const Progress&)>;

struct LogOptions {
  std::string path;  ///< only commits that changed this path, or a path below it if it ends in '/'
  std::uint64_t limit = UINT64_MAX;
  ProgressFunction progress = {};  ///< told while commits new to the history index are read
};

/// Which commit gave a field, or a line, its present value.
struct BlameItem {
  std::string place;  ///< JSON Pointer of the field; the line's number, from 1, for text
  Bytes value;        ///< the field's JSON text, or the line
  CommitId commit;
  PublicKey author;
  HybridTime clock;
  bool or_before = false;  ///< it may be older: what was before is not held in a partial repository
};

/// What merging a branch with other commits came to.
struct MergeOutcome {
  enum class Kind {
    kUpToDate,     ///< the branch had all of them already
    kFastForward,  ///< they all came after the branch's
    kMerged,       ///< both sides had commits that the other had not
  };
  Kind kind = Kind::kUpToDate;
  Id before, after;              ///< what the branch pointed to and points to: a commit or a merge
  std::vector<CommitId> heads;   ///< of `after`, sorted by id
  std::vector<CommitId> peeled;  ///< revoked, forked or too many: they do not count (docs/merge.md)
  std::uint64_t merged_paths = 0;       ///< whose versions had to be merged
  std::uint64_t paths_in_conflict = 0;  ///< of these
  std::uint64_t paths_remaining = 0;    ///< in conflict in `after`, whoever merged them
};

/// What a merge would do: nothing of it is stored.
class MergePlan {
 public:
  const MergeOutcome& outcome() const { return outcome_; }
  /// Against the branch as it is, in the order of paths.
  const std::vector<Difference>& changes() const { return changes_; }
  /// The document of one of the entries in changes().
  Bytes read(const Entry& entry) const;

 private:
  friend class Repository;
  MergeOutcome outcome_;
  std::vector<Difference> changes_;
  std::function<Bytes(const Entry&)> read_;
};

/// One of the versions of a path that none of the others had seen.
struct Version {
  CommitId commit;
  PublicKey author;
  HybridTime clock;
  std::optional<Entry> entry;  ///< nullopt: it deleted the path
};

/// Why merging a path had to choose.
struct ConflictReason {
  std::string part;    ///< "content", "media-type" or "metadata"
  std::string field;   ///< JSON Pointer; "" for the whole
  std::string reason;  ///< "both-changed", "edit-and-delete", … (docs/merge.md); "not-held"
                       ///< where a partial repository cannot tell
};

/// A path in conflict.
struct PathConflict {
  std::string path;
  Entry entry;                    ///< what the merge took
  std::vector<Version> versions;  ///< oldest first (in fold order)
  std::vector<ConflictReason> reasons;
  std::string script_message;  ///< of a script that failed
};

/// The problem that verify or fsck found with one object, ref or commit.
struct Finding {
  std::string where;  ///< ref, commit, path or object id
  std::string problem;
};

/// What a check could not see in a partial repository, which is no problem by itself. A plain
/// value.
struct NotSeen {
  std::uint64_t contents =
      0;  ///< that are not held: their ids are proved, their bytes were not seen
  /// Commits, and merges that refs name, whose tree could not be computed again for want of
  /// contents; all else about them holds.
  std::uint64_t merges = 0;
  std::uint64_t contents_erased = 0;  ///< nobody has them any more
  /// As `merges`, for want of contents that are erased: their trees are believed, as signed.
  std::uint64_t merges_erased = 0;
};

struct VerifyOptions {
  std::string revision;  ///< only what led to it; "" for every ref
  std::string since;     ///< not what led to this one; "" for all
  bool again = false;    ///< also what held before
};

/// A repository folder, open in this process. Thread-safe; any number of processes may open the
/// same folder. Closing (destroying every handle) loses nothing.
class Repository {
 public:
  /// Makes the folder, a key and the root commit. Error(kInvalid) when the folder holds a
  /// repository or other files.
  static Repository init(const std::filesystem::path& folder, const InitOptions& options = {});
  /// Error(kNotFound) when there is no repository; Error(kUnsupported) for one of a newer version.
  static Repository open(const std::filesystem::path& folder, const OpenOptions& options = {});
  /// The repository folder at `start` or above it; nullopt when there is none.
  static std::optional<std::filesystem::path> discover(const std::filesystem::path& start);

  /// Makes the folder and a key for a repository with this root that holds nothing yet: what a
  /// clone begins with. Errors as init().
  static Repository init_empty(const std::filesystem::path& folder, const CommitId& root,
                               const InitOptions& options = {});

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  const std::filesystem::path& folder() const;
  CommitId id() const;  ///< the root commit's id
  WriterId writer() const;
  PublicKey public_key() const;  ///< of the key this clone signs with
  /// Which contents it is to hold; of a partial repository not all. Read anew.
  Scope scope() const;

  /// REV: a ref name in full or without "heads/" or "tags/", an id or unique prefix of 4 digits or
  /// more, "@" for the current branch, each followed by any of "~n" and "@{n}" (the ref n moves
  /// ago) or "@{2026-11-20T08:00}" (then). Error(kNotFound) with the nearest names as hint;
  /// Error(kInvalid) for an ambiguous prefix or a bad spelling. Tags are followed to what they
  /// name.
  Id resolve(std::string_view revision) const;
  /// Error(kInvalid) also where it names a merge, or no commit at all.
  CommitId resolve_commit(std::string_view revision) const;
  /// The commits that a revision is the state of, sorted by id: one, or for a merge several.
  std::vector<CommitId> resolve_heads(std::string_view revision) const;
  Snapshot snapshot(std::string_view revision = "@") const;
  Snapshot snapshot_of(const Id& commit_or_merge) const;

  Commit commit(const CommitId& id) const;
  Tag tag(const TagId& id) const;
  ObjectType object_type(const Id& id) const;
  /// The payload of any object, as hashed. Error(kNotFound); in a partial repository kNotHeld, for
  /// it may exist elsewhere.
  Bytes object(const Id& id) const;

  /// The current branch: what "@" means ("heads/main").
  std::string current_branch() const;
  void set_current_branch(const std::string& branch_ref);

  Transaction begin(const std::string& branch_ref = {});  ///< "" for the current branch

  /// Refs. A move returns nullopt when done, else the value found instead of `expected`.
  struct SwapResult {
    bool done = false;
    std::optional<Id> actual;
  };
  std::optional<Id> ref(const std::string& name) const;
  std::vector<RefInfo> refs(const std::string& prefix = {}) const;
  SwapResult move_ref(const std::string& name, const std::optional<Id>& expected,
                      const std::optional<Id>& next, const std::string& reason);
  std::vector<ReflogItem> reflog(const std::string& ref_name, std::size_t limit = SIZE_MAX) const;
  /// Makes a signed tag object and the ref tags/<name>. Error(kInvalid) when the tag exists.
  TagId create_tag(const std::string& name, const Id& target, const Bytes& message);

  /// Commits from `heads` back, newest clock first (so every commit before its parents), until
  /// `take` returns false.
  void log(const std::vector<CommitId>& heads, const LogOptions& options,
           const std::function<bool(const LoggedCommit&)>& take) const;
  /// Of a merge, what merging put together is given to the newest of its versions.
  std::vector<BlameItem> blame(std::string_view revision, const std::string& path) const;
  /// True when `ancestor` is reachable from `descendant` (or equal).
  bool is_ancestor(const CommitId& ancestor, const CommitId& descendant) const;
  /// Of the commits that led both to one of `a` and to one of `b`, those that led to no other of
  /// them (merge bases), sorted by id.
  std::vector<CommitId> common_heads(const std::vector<CommitId>& a,
                                     const std::vector<CommitId>& b) const;

  /// Brings `revision`'s commits into a branch: it then points to the state of its own commits and
  /// those, a commit or a merge that every peer with the same commits computes to the bit. Never
  /// stops at a conflict. Retries when somebody else moved the branch. Error(kNotFound),
  /// Error(kUnsupported) for an epoch that this build does not know.
  MergeOutcome merge(std::string_view revision, const std::string& branch_ref = {});
  MergePlan plan_merge(std::string_view revision, const std::string& branch_ref = {});
  /// The paths in conflict whose names begin with `prefix`, in order, until `take` returns false.
  /// O(log n) for each.
  void conflicts(std::string_view revision, std::string_view prefix,
                 const std::function<bool(const PathConflict&)>& take) const;
  /// How many there are in all. O(log n) for each, and no version is read.
  std::uint64_t conflict_count(std::string_view revision = "@") const;
  /// The versions of a path that nobody has written over, in fold order; the last is what the
  /// default of merging prefers. Empty where nobody wrote the path.
  std::vector<Version> versions(std::string_view revision, const std::string& path) const;

  /// A transaction that undoes what `commit` did, on the current branch. Paths changed since are in
  /// `conflicts`, untouched.
  struct Revert {
    Transaction transaction;
    std::vector<std::string> conflicts;
  };
  Revert revert(const CommitId& commit);

  /// The draft: changes staged across program runs until commit. See `isodb begin`.
  struct DraftInfo {
    std::string branch;
    std::optional<Id> base;           ///< a commit or merge
    std::vector<Difference> changes;  ///< against the base
  };
  std::optional<DraftInfo> draft() const;
  void begin_draft();
  /// The open draft as a transaction, its staged changes applied; Error(kNotFound) when none is
  /// open.
  Transaction draft_transaction();
  /// Stores what `transaction` changed back into the draft.
  void save_draft(Transaction& transaction);
  /// Commits the draft; on success it is gone.
  std::variant<CommitId, Stale> commit_draft(const CommitOptions& options);
  void drop_draft();

  std::optional<std::string> setting(const std::string& key) const;
  void set_setting(const std::string& key, const std::optional<std::string>& value);
  std::vector<std::pair<std::string, std::string>> settings() const;

  /// Re-reads and re-hashes every object, checks that trees are canonical and that all that refs
  /// reach is there: of a partial repository what is in its scope, and what it wrote itself.
  std::vector<Finding> fsck(const ProgressFunction& progress = {},
                            NotSeen* not_seen = nullptr) const;
  /// Checks every signature, clock, sequence, parent, right to write, base, tree and merge.
  /// Oldest first, so the first finding is the first bad commit. What held is remembered, and not
  /// checked again unless VerifyOptions::again.
  std::vector<Finding> verify(const VerifyOptions& options = {},
                              const ProgressFunction& progress = {},
                              NotSeen* not_seen = nullptr) const;

  struct Statistics {
    std::uint64_t commits = 0, documents = 0, document_bytes = 0;  ///< of the current branch
    std::uint64_t loose_objects = 0, loose_bytes = 0, packs = 0, packed_objects = 0, pack_bytes = 0,
                  database_bytes = 0;
    std::uint64_t documents_not_held = 0;  ///< of the current branch, in a partial repository
    std::uint64_t documents_erased = 0;    ///< of the current branch: their contents are gone
  };
  Statistics statistics() const;
  struct CollectOptions {
    /// Forgets every move of a ref but the newest of each that exists, and not only those that are
    /// older than the setting reflog.keep-days says: what only they lead to is dropped.
    bool expire_now = false;
  };
  struct Collected {
    std::uint64_t objects_dropped = 0, bytes_before = 0, bytes_after = 0;
    std::uint64_t moves_forgotten = 0;  ///< of the reflog
    std::uint64_t held_micros = 0;      ///< how long nobody else could write, microseconds
  };
  /// Forgets moves of refs that are older than the setting reflog.keep-days (90) says, drops what
  /// no ref, move, draft or unfinished sync leads to, and packs the rest anew. Others go on reading
  /// and writing meanwhile; an import or a sync that is under way may have to be done again:
  /// Error(kStale) there. Error(kBusy) while another program packs or collects, Error(kCorrupt)
  /// where something that is to be kept is missing; nothing is dropped then.
  Collected collect(const ProgressFunction& progress = {});
  Collected collect(const CollectOptions& options, const ProgressFunction& progress = {});

 private:
  friend class ImportSession;
  friend struct repo::Access;
  explicit Repository(std::shared_ptr<RepositoryState> state);
  std::shared_ptr<RepositoryState> state_;
};

}  // namespace isodb
