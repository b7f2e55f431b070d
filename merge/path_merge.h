#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "merge/document_merge.h"
#include "merge/environment.h"
#include "merge/erased.h"
#include "merge/path_history.h"

namespace isodb::merge {

/// The environments of sets of commits, by their heads.
class EnvironmentSource {
 public:
  virtual ~EnvironmentSource() = default;
  virtual EnvironmentPtr environment_of(const Commits& heads) = 0;  ///< of past(heads)
  /// Of past(left) ∩ past(right).
  virtual EnvironmentPtr environment_of_common(const Commits& left, CommitIndex right) = 0;
  /// Of past(c1) ∩ past(c2) ∩ ….
  virtual EnvironmentPtr environment_of_all(const Commits& commits) = 0;
  virtual EnvironmentPtr environment_below(CommitIndex commit) = 0;  ///< of past(c) less c
};

/// More base sets than this, and every base is the greatest version (docs/merge.md, "Bound").
inline constexpr std::size_t kBaseSetsMax = 4096;
/// More writes outside the ground than this, and only the versions count.
inline constexpr std::size_t kWritesMax = 512;

/// Merges the versions of one path: finds what merge_document() needs, computes bases and what
/// authors saw, and remembers results by version set and environment. Needs no more stack for deep
/// histories than for flat ones. Borrows all it is given. One thread at a time; throws as
/// PathHistory does.
class PathMerge {
 public:
  struct Result {
    DocumentPtr document;  ///< nullptr: all versions are deleted, or see `as_in`
    std::vector<Conflict> conflicts;
    std::optional<ScriptFailure> script;
    bool over_bound = false;
    /// Instead of the document: as this version has it, which was decided without reading any.
    std::optional<Entry> as_in = std::nullopt;
  };

  PathMerge(History& history, EnvironmentSource& environments, PathHistory& writes);
  ~PathMerge();

  /// S(C)[p] of a set C with these versions and this environment. ContentMissing.
  Result merge(const WriteSet& versions, const EnvironmentPtr& environment);
  /// The same where contents are erased: docs/merge.md, "Erased contents".
  Result merge(const WriteSet& versions, const EnvironmentPtr& environment, const Erased& erased);
  /// Whether these being erased makes a difference to the merge. Reads no contents.
  bool depends_on(const WriteSet& versions, const EnvironmentPtr& environment,
                  const Erased& erased);
  std::uint64_t merges() const { return merges_; }  ///< computed so far
  std::size_t sets() const { return sets_.size(); }

 private:
  using SetIndex = std::uint32_t;
  struct Base {
    WriteSet versions;
    std::optional<SetIndex> set;  // where they are several
  };
  struct Set;
  struct Needed;
  struct Input;

  SetIndex intern(const WriteSet& versions, const EnvironmentPtr& environment);
  const std::vector<Base>& bases(Set& set);
  std::size_t count_bases(Set& set);
  struct Below;
  const Below& below(Set& set);
  std::optional<SetIndex> seen_set(WriteIndex write);

  bool is_erased(WriteIndex write, const Erased& erased) const;
  WriteSet without_erased(const WriteSet& versions, const Erased& erased) const;
  bool reads_erased(SetIndex index, const Erased& erased);
  Result greatest_of(const Set& set);

  void evaluate(SetIndex index);
  std::vector<SetIndex> unmet(Set& set);
  Result compute(Set& set);
  Result compute_governed(const Set& set);
  bool edit_beats_delete(const Set& set);
  void list_writes(Set& set, Input& input);
  void fill_sight(Set& set, Input& input);
  void fill_seen(WriteIndex write, PathWrite& filled);
  DocumentPtr base_document(Set& set, std::size_t step);
  std::set<CommitId> missing_writes();

  DocumentPtr document(WriteIndex write);
  DocumentPtr document_of(const Set& set);
  /// nullptr for none.
  DocumentPtr document_of(const WriteSet& versions, std::optional<SetIndex> set);

  History& history_;
  EnvironmentSource& environments_;
  PathHistory& writes_;
  std::map<std::pair<WriteSet, Id>, SetIndex> numbers_;
  std::vector<std::unique_ptr<Set>> sets_;
  std::uint64_t merges_ = 0;
};

}  // namespace isodb::merge
