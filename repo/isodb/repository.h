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
#include "isodb/snapshot.h"
#include "isodb/transaction.h"

namespace isodb {

struct InitOptions {
  std::string branch = "main";  ///< name of the first branch
  std::string name;             ///< the member's name in .isodb/members/; "" for the fingerprint
  std::optional<std::filesystem::path>
      key_file;  ///< an existing secret key to copy; else a new one is made
};

struct OpenOptions {
  bool read_only = false;
  std::size_t cache_bytes = 128 << 20;  ///< decoded tree nodes kept in memory, at most
  unsigned busy_millis = 10'000;        ///< how long a write waits for another process
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

struct LogOptions {
  std::string path;  ///< only commits that changed this path, or a path below it if it ends in '/'
  std::uint64_t limit = UINT64_MAX;
};

/// Which commit gave a field, or a line, its present value.
struct BlameItem {
  std::string place;  ///< JSON Pointer of the field; the line's number, from 1, for text
  Bytes value;        ///< the field's JSON text, or the line
  CommitId commit;
  PublicKey author;
  HybridTime clock;
};

/// The problem that verify or fsck found with one object, ref or commit.
struct Finding {
  std::string where;  ///< ref, commit, path or object id
  std::string problem;
};

struct Progress {
  std::string_view what;
  std::uint64_t done = 0, all = 0;  ///< all = 0: not known
};
using ProgressFunction = std::function<void(const Progress&)>;

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

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  const std::filesystem::path& folder() const;
  CommitId id() const;  ///< the root commit's id
  WriterId writer() const;
  PublicKey public_key() const;  ///< of the key this clone signs with

  /// REV: a ref name in full or without "heads/" or "tags/", an id or unique prefix of 4 digits or
  /// more, "@" for the current branch, each followed by any of "~n" and "@{n}" (the ref n moves
  /// ago) or "@{2026-11-20T08:00}" (then). Error(kNotFound) with the nearest names as hint;
  /// Error(kInvalid) for an ambiguous prefix or a bad spelling. Tags are followed to what they
  /// name.
  Id resolve(std::string_view revision) const;
  CommitId resolve_commit(std::string_view revision) const;
  Snapshot snapshot(std::string_view revision = "@") const;
  Snapshot snapshot_of(const CommitId& commit) const;

  Commit commit(const CommitId& id) const;
  Tag tag(const TagId& id) const;
  ObjectType object_type(const Id& id) const;
  /// The payload of any object, as hashed. Error(kNotFound).
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

  /// Commits from `from` back, newest clock first (so every commit before its parents), until
  /// `take` returns false.
  void log(const CommitId& from, const LogOptions& options,
           const std::function<bool(const LoggedCommit&)>& take) const;
  std::vector<BlameItem> blame(const CommitId& at, const std::string& path) const;
  /// True when `ancestor` is reachable from `descendant` (or equal).
  bool is_ancestor(const CommitId& ancestor, const CommitId& descendant) const;

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
    std::optional<CommitId> base;
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
  /// reach is there.
  std::vector<Finding> fsck(const ProgressFunction& progress = {}) const;
  /// Checks every signature, clock, sequence, parent and right to write in the history of
  /// `revision` ("" for every ref). Oldest first, so the first finding is the first bad commit.
  std::vector<Finding> verify(std::string_view revision,
                              const ProgressFunction& progress = {}) const;

  struct Statistics {
    std::uint64_t commits = 0, documents = 0, document_bytes = 0;  ///< of the current branch
    std::uint64_t loose_objects = 0, loose_bytes = 0, packs = 0, packed_objects = 0, pack_bytes = 0,
                  database_bytes = 0;
  };
  Statistics statistics() const;
  struct Collected {
    std::uint64_t objects_dropped = 0, bytes_before = 0, bytes_after = 0;
  };
  /// Drops what no ref, reflog entry or draft reaches and packs the rest anew.
  Collected collect(const ProgressFunction& progress = {});

 private:
  friend class ImportSession;
  explicit Repository(std::shared_ptr<RepositoryState> state);
  std::shared_ptr<RepositoryState> state_;
};

}  // namespace isodb
