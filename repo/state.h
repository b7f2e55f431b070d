#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file.h"
#include "isodb/commit.h"
#include "isodb/key.h"
#include "isodb/repository.h"
#include "isodb/scope.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "refs/collection.h"
#include "refs/database.h"
#include "refs/local_store.h"
#include "refs/shared_slot.h"
#include "repo/commit_queue.h"
#include "repo/erasures.h"
#include "repo/held_contents.h"
#include "repo/merging.h"

namespace isodb {

namespace repo {
class HistoryIndex;
class KeyFile;
}  // namespace repo

/// What a branch can point to, a commit or a merge of several, as it was read or just written.
/// Immutable.
struct Head {
  Id id;
  ObjectType type = ObjectType::kCommit;
  Bytes bytes;
  TreeId tree;
  std::vector<CommitId> commits;  ///< sorted by id: the commit itself, or those that were merged
  HybridTime clock;               ///< the greatest of theirs
};

/// When the thread that packs also collects. Others than the defaults for tests alone.
struct CareLimits {
  std::uint64_t growth_bytes = 64 << 20;  ///< more than half of what the last collection left
  unsigned garbage_percent_min = 25;      ///< else only the look is remembered
  std::function<void(refs::CollectStep)> on_step = {};
};

/// What every handle of an open repository shares: the database, the objects, the caches, the key.
/// Owned by the handles together. Thread-safe: the parts lock themselves, the plain members never
/// change.
class RepositoryState : public std::enable_shared_from_this<RepositoryState> {
 public:
  static constexpr const char* kDatabaseName = "repo.db";
  static constexpr const char* kPacksName = "packs";
  static constexpr const char* kKeyPath = "keys/device.key";

  /// Borrows `clock_and_chance` for its whole life.
  RepositoryState(std::filesystem::path repository_folder, const OpenOptions& open_options,
                  std::unique_ptr<refs::Database> open_database,
                  core::Environment& clock_and_chance = core::system_environment());
  ~RepositoryState();

  /// The key this clone signs with, read when it is first asked for: whoever only reads needs none.
  /// Where it is protected, OpenOptions::passphrase is asked, until it was right once.
  /// Error(kDenied) when there is none, Error(kCorrupt) when its file holds something else; else as
  /// KeyFile::open(). The reference stays good while this lives.
  const SecretKey& key() const;
  /// Its public half, for which no passphrase is asked. Errors of its file as key().
  PublicKey public_key() const;
  /// From now on this is the key; its file says the same.
  void use_key(SecretKey key);
  /// Errors as key(), but that of a passphrase.
  repo::KeyFile read_key_file() const;

  objects::NodeReader nodes() const { return {*store, *node_cache}; }
  Snapshot snapshot(const Id& commit_or_merge);
  Snapshot snapshot_of_tree(const TreeId& tree);
  /// Error(kNotFound) for an unknown id, Error(kInvalid) for an object of another type.
  Commit read_commit(const CommitId& id) const;
  /// A commit or merge, from memory where it is the one that was used last: writers and readers ask
  /// for that one again and again. Errors as read_commit().
  std::shared_ptr<const Head> head(const Id& id);
  void remember_head(std::shared_ptr<const Head> head);
  /// Type of any object; Error(kNotFound).
  ObjectType type_of(const Id& id) const;
  objects::Object read_object(const Id& id) const;
  /// Follows tags to what they name. Error(kCorrupt) where more than kTagsOnTagsMax name each
  /// other.
  Id peel_tags(Id id) const;
  /// Every session follows every tag, whoever made it.
  static constexpr unsigned kTagsOnTagsMax = 8;
  std::string branch() const;
  /// Which contents this repository is to hold, as it was read last: at opening, or by
  /// reload_scope(). Another process may have widened it since.
  std::shared_ptr<const Scope> scope() const { return scope_.load(); }
  std::shared_ptr<const Scope> reload_scope();
  /// Keeps storage bounded. Call after a write that is durable already; does not throw.
  void pack_when_due();

  const std::filesystem::path folder;
  const OpenOptions options;
  CareLimits care_limits;  // changed, if at all, before anything is written
  core::Environment& environment;
  core::FileSystem& files;
  std::unique_ptr<refs::Database> database;
  std::unique_ptr<refs::LocalStore> store;
  std::unique_ptr<objects::NodeCache> node_cache;
  std::unique_ptr<repo::CommitQueue> commits;
  std::unique_ptr<repo::Merging> merging;
  std::unique_ptr<repo::Erasures> erasures;
  std::unique_ptr<repo::HeldContents> held_contents;
  std::unique_ptr<repo::HistoryIndex> history;
  CommitId root;
  WriterId writer;

 private:
  mutable std::mutex key_mutex_;  // of the keys, held while a person types
  mutable std::vector<std::unique_ptr<const SecretKey>> keys_;  // the last one is in use
  mutable std::mutex public_mutex_;
  mutable std::optional<PublicKey> public_;
  refs::SharedSlot<const Head> head_;  // used last
  refs::SharedSlot<const Scope> scope_;
};

namespace repo {

/// Names of settings that the repository itself keeps.
inline constexpr const char* kSettingRoot = "repository.root";
inline constexpr const char* kSettingWriter = "repository.writer";
inline constexpr const char* kSettingBranch = "repository.branch";

objects::ContentRef content_ref(const Entry& entry);

/// Reads from `upper` first, then from `lower`. Borrows both.
class OverlaySource : public objects::ObjectSource {
 public:
  OverlaySource(const objects::ObjectSource& upper, const objects::ObjectSource& lower)
      : upper_(upper), lower_(lower) {}
  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;

 private:
  const objects::ObjectSource& upper_;
  const objects::ObjectSource& lower_;
};

}  // namespace repo
}  // namespace isodb
