#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/corpus.h"

namespace isodb::bench {

/// What every engine is given alike.
struct EngineSettings {
  std::filesystem::path folder;         ///< the engine's own; empty before load()
  std::size_t cache_bytes = 128 << 20;  ///< for engines with a cache of their own, at most
};

/// Thrown for a call that an engine has nothing to answer with (a key-value store keeps no versions
/// to compare): the row shows a dash.
struct NotOffered {};

/// One thread's way to write to an open engine.
class Committer {
 public:
  virtual ~Committer() = default;
  /// Replaces or adds these documents in one commit. Durable when it returns.
  virtual void commit(const std::vector<Document>& documents) = 0;
};

/// What the harness needs of a database. Each engine is used as its experts would use it; its file
/// says what was chosen and why. A key-value engine does the work that isodb does: it keeps
/// SHA-256 of a document → document, and path → SHA-256. Made, used and destroyed inside one child
/// process; errors are exceptions.
class Engine {
 public:
  explicit Engine(EngineSettings settings) : settings_(std::move(settings)) {}
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Makes the store in the empty folder and puts all of `reader` into it. All of it is durable
  /// when this returns. `reader` gives paths in the order `order`.
  virtual void load(CorpusReader& reader, Order order) = 0;
  /// What the engine would do by itself sooner or later after a load (compaction); reported apart.
  virtual void settle() { throw NotOffered(); }
  /// Opens what load() made.
  virtual void open() = 0;

  /// Reads the document at `path` into `out`; false when there is none.
  virtual bool get(const std::string& path, std::string& out) = 0;
  /// Reads every document in the order of their paths; returns the bytes seen.
  virtual std::uint64_t scan() = 0;
  /// Reads every document in the order that suits the engine best.
  virtual std::uint64_t scan_any_order() { return scan(); }

  /// Any number of threads may have one each, unless this throws NotOffered for the second.
  virtual std::unique_ptr<Committer> committer() = 0;

  /// The id of the newest version.
  virtual std::string version() { throw NotOffered(); }
  /// The number of paths in which two versions differ, each path having been looked at.
  virtual std::uint64_t diff(const std::string& /*before*/, const std::string& /*after*/) {
    throw NotOffered();
  }

  /// Makes two branches off the newest version, anew, each with one commit of these documents.
  virtual void fork(const std::vector<Document>& /*left*/, const std::vector<Document>& /*right*/) {
    throw NotOffered();
  }
  /// One more commit on the left branch, so that the next merge is none that was made before.
  virtual void advance(const Document& /*document*/) { throw NotOffered(); }
  /// Merges the two branches without moving them.
  virtual void merge() { throw NotOffered(); }
  /// The number of paths in which the last merge differs from the left branch.
  virtual std::uint64_t merged_changes() { throw NotOffered(); }

  /// Makes branches off the newest version, anew, one for each of these commits.
  virtual void fan_out(const std::vector<std::vector<Document>>& /*commits*/) {
    throw NotOffered();
  }
  /// Merges all of them at once; returns how many heads the merge has.
  virtual std::size_t merge_all() { throw NotOffered(); }

  /// Makes a history of its own beside the store, in which two devices merged one another this
  /// often, each having committed a document in between.
  virtual void weave(std::uint64_t /*merges*/) { throw NotOffered(); }
  /// Computes every merge in it again, and every signature; removes it. Returns the merges.
  virtual std::uint64_t verify_woven() { throw NotOffered(); }

 protected:
  const std::filesystem::path& folder() const { return settings_.folder; }
  const EngineSettings settings_;
};

/// A kind of engine: its name in tables, its library's version, its settings in a sentence.
struct EngineKind {
  std::string name;
  std::string version;
  std::string notes;
  std::unique_ptr<Engine> (*make)(EngineSettings);
};

/// isodb first, then the peers.
const std::vector<EngineKind>& engine_kinds();

EngineKind isodb_kind();
EngineKind lmdb_kind();
EngineKind rocksdb_kind();
EngineKind sqlite_kind();
EngineKind libgit2_kind();
EngineKind git_kind();

}  // namespace isodb::bench
