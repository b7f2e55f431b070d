#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "merge/history.h"

namespace isodb::merge {

/// A write's place in a PathHistory.
using WriteIndex = std::uint32_t;
/// Ascending in fold order.
using WriteSet = std::vector<WriteIndex>;

/// Two commits turned out to have one stamp, after writes had been told apart by their stamps.
struct TwinsFound {};

/// The writes of one path and which sees which, found from the trees of commits as far as asked:
/// an entry's stamp names its writer, so nobody keeps a list. Borrows the history. One thread at a
/// time. Throws TwinsFound when its writes have to be told apart anew: begin again with a new one.
/// Error(kCorrupt) where trees and commits contradict each other.
class PathHistory {
 public:
  PathHistory(History& history, std::string path);

  const std::string& path() const { return path_; }

  /// V(past(heads), p).
  WriteSet versions_at(CommitIndex head);
  WriteSet versions_at(const Commits& heads);
  /// V(past(c) less c, p): what the author of a commit, or of a write, saw.
  WriteSet versions_below(CommitIndex commit);
  const WriteSet& seen(WriteIndex write);

  /// Of the writes of p that are in the past of one of `left` and of one of `right`, those that no
  /// other one of them sees.
  WriteSet common(const WriteSet& left, const WriteSet& right);

  /// docs/merge.md, "Ground and foundation", of these live versions.
  struct Ground {
    WriteSet above;  ///< the writes that are outside of it
    WriteSet top;    ///< those in it that no other one in it sees
  };
  /// nullopt where more than `writes_max` writes are outside of it.
  std::optional<Ground> ground(const WriteSet& live, std::size_t writes_max);

  /// Fold order.
  bool is_before(WriteIndex a, WriteIndex b);
  bool is_deletion(WriteIndex write) const { return !writes_[write].entry.has_value(); }
  /// nullptr for a deletion.
  const Entry* entry(WriteIndex write) const {
    return writes_[write].entry ? &*writes_[write].entry : nullptr;
  }
  const Stamp& stamp(WriteIndex write) const { return writes_[write].stamp; }
  /// Who wrote it. Reads history down to it where it is not known.
  CommitIndex commit(WriteIndex write);
  Commits commits(const WriteSet& writes);
  /// The writes of commits that are known to have written or deleted p.
  WriteSet writes_of(const Commits& commits);
  bool any_live(const WriteSet& writes) const;
  WriteSet live(const WriteSet& writes) const;
  std::size_t size() const { return writes_.size(); }

 private:
  struct Write {
    Stamp stamp;
    std::optional<Entry> entry;  // nullopt: a deletion
    CommitIndex holder = 0;      // a commit in whose past it is
    std::optional<CommitIndex> commit;
    std::optional<WriteSet> seen;
  };

  void sort(WriteSet& writes);
  WriteIndex intern(const Entry& entry, CommitIndex holder);
  WriteIndex write_of(CommitIndex commit);
  WriteIndex intern_deletion(CommitIndex commit);
  WriteIndex append(Write write);
  std::optional<CommitIndex> find_commit(const Entry& entry, CommitIndex holder);
  /// The writes that the trees of past(starts) name as their versions of p; some may see others.
  Commits named_in(Commits starts);
  void check_twins() const;

  History& history_;
  CommitGraph& graph_;
  std::string path_;
  std::deque<Write> writes_;  // references stay valid
  std::map<Stamp, std::vector<WriteIndex>> by_stamp_;
  std::unordered_map<CommitIndex, WriteSet> versions_;
  std::uint64_t twins_;
};

}  // namespace isodb::merge
