#include "merge/path_merge.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "merge/content_missing.h"
#include "merge/governed_merge.h"

namespace isodb::merge {
namespace {

// A document that is stored anyway is not kept in memory beyond this.
constexpr std::uint64_t kKeptBytesMax = 64 << 10;

}  // namespace

/// What a merge's versions stand on.
struct PathMerge::Below {
  bool versions_only = false;              // more writes than count one by one
  WriteSet above;                          // the writes that count, but for deleted versions
  WriteSet foundation;                     // the versions of the document that all of them saw
  std::optional<SetIndex> foundation_set;  // where they are several
};

/// A version set in an environment: at least two versions.
struct PathMerge::Set {
  SetIndex number;
  WriteSet versions, live;
  EnvironmentPtr environment;
  std::optional<Entry> stored;  // the result as some commit's tree has it
  bool stored_is_missing = false;
  std::optional<std::vector<Base>> bases;
  std::optional<std::size_t> base_count;
  std::optional<Below> below;
  std::optional<Result> result;

  bool has_document() const { return result || stored; }
  bool has_conflicts() const { return result || (stored && (stored->flags & kFlagConflict) == 0); }
};

/// Thrown out of merge_document() by a base that has to be merged first, so that the depth of a
/// history is no depth of calls.
struct PathMerge::Needed {
  std::vector<SetIndex> sets;
};

/// merge_document()'s input, and which write stands where in it.
struct PathMerge::Input {
  MergeInput merge;
  std::vector<WriteIndex> writes;  // as merge.writes, but for the foundation
  std::optional<std::size_t> foundation;
  std::unordered_map<WriteIndex, std::size_t> places;
  bool versions_only = false;
};

PathMerge::PathMerge(History& history, EnvironmentSource& environments, PathHistory& writes)
    : history_(history), environments_(environments), writes_(writes) {}

PathMerge::~PathMerge() = default;

PathMerge::SetIndex PathMerge::intern(const WriteSet& versions, const EnvironmentPtr& environment) {
  const auto [number, is_new] =
      numbers_.try_emplace({versions, environment->key()}, static_cast<SetIndex>(sets_.size()));
  if (is_new) {
    auto set = std::make_unique<Set>();
    set->number = number->second;
    set->versions = versions;
    set->live = writes_.live(versions);
    set->environment = environment;
    sets_.push_back(std::move(set));
  }
  return number->second;
}

const std::vector<PathMerge::Base>& PathMerge::bases(Set& set) {
  if (set.bases) return *set.bases;
  std::vector<Base> bases;
  Commits left_commits;
  for (std::size_t i = 1; i < set.live.size(); ++i) {
    const WriteIndex right = set.live[i];
    Base base;
    base.versions =
        writes_.common({set.live.begin(), set.live.begin() + static_cast<long>(i)}, {right});
    left_commits.push_back(writes_.commit(set.live[i - 1]));
    if (base.versions.size() > 1) {
      base.set = intern(base.versions,
                        environments_.environment_of_common(left_commits, writes_.commit(right)));
    }
    bases.push_back(std::move(base));
  }
  set.bases = std::move(bases);
  return *set.bases;
}

/// How many base sets there are, up to one more than the bound.
std::size_t PathMerge::count_bases(Set& set) {
  if (set.base_count) return *set.base_count;
  std::unordered_set<SetIndex> reached;
  std::vector<SetIndex> open;
  const auto meet = [&](Set& at) {
    for (const Base& base : bases(at)) {
      if (base.set && reached.insert(*base.set).second) open.push_back(*base.set);
    }
  };
  meet(set);
  if (reached.size() == 1) {
    if (const std::optional<std::size_t> below = sets_[open.front()]->base_count) {
      set.base_count = std::min(kBaseSetsMax + 1, *below + 1);
      return *set.base_count;
    }
  }
  while (!open.empty() && reached.size() <= kBaseSetsMax) {
    const SetIndex next = open.back();
    open.pop_back();
    meet(*sets_[next]);
  }
  set.base_count = std::min(kBaseSetsMax + 1, reached.size());
  return *set.base_count;
}

const PathMerge::Below& PathMerge::below(Set& set) {
  if (set.below) return *set.below;
  Below below;
  std::function<EnvironmentPtr()> environment;
  if (auto ground = writes_.ground(set.live, kWritesMax)) {
    below.above = std::move(ground->above);
    below.foundation = std::move(ground->top);
    environment = [&] { return environments_.environment_of(writes_.commits(below.foundation)); };
  } else {
    below.versions_only = true;
    below.above = below.foundation = set.live;
    below.foundation.resize(1);
    for (const WriteIndex version : set.live) {
      below.foundation = writes_.common(below.foundation, {version});
    }
    environment = [&] { return environments_.environment_of_all(writes_.commits(set.live)); };
  }
  if (below.foundation.size() > 1) below.foundation_set = intern(below.foundation, environment());
  set.below = std::move(below);
  return *set.below;
}

/// What a write's author saw, where that are several versions.
std::optional<PathMerge::SetIndex> PathMerge::seen_set(WriteIndex write) {
  const WriteSet& seen = writes_.seen(write);
  if (seen.size() < 2) return std::nullopt;
  const CommitIndex commit = writes_.commit(write);
  const SetIndex index = intern(seen, environments_.environment_below(commit));
  Set& set = *sets_[index];
  if (set.has_document() || set.stored_is_missing) return index;
  if (const std::optional<TreeId> base = history_.base_tree(commit)) {
    std::optional<Entry> entry = objects::find_entry(history_.nodes(), *base, writes_.path());
    if (entry && (entry->flags & kFlagMerged) != 0) set.stored = std::move(entry);
  }
  return index;
}

PathMerge::Result PathMerge::merge(const WriteSet& versions, const EnvironmentPtr& environment) {
  const SetIndex index = intern(versions, environment);
  for (;;) {
    try {
      evaluate(index);
      Result result = *sets_[index]->result;
      result.document = document_of(*sets_[index]);
      return result;
    } catch (const Needed&) {  // the document that some tree has stored is not there
    } catch (const objects::ObjectMissing& missing) {
      throw ContentMissing(missing, {{writes_.path(), missing_writes()}});
    }
  }
}

bool PathMerge::is_erased(WriteIndex write, const Erased& erased) const {
  const Entry* const entry = writes_.entry(write);
  return entry != nullptr && erased.has(entry->content);
}

WriteSet PathMerge::without_erased(const WriteSet& versions, const Erased& erased) const {
  WriteSet left = versions;
  std::erase_if(left, [&](WriteIndex write) { return is_erased(write, erased); });
  return left;
}

/// Whether merging these versions would read what is erased: a write that counts, the foundation,
/// or what these were made of. All that a merge reads is among that, but where it looks at the
/// versions alone: there the bases are, too.
bool PathMerge::reads_erased(SetIndex index, const Erased& erased) {
  std::vector<SetIndex> open{index};
  std::unordered_set<SetIndex> met{index};
  const auto touches = [&](const WriteSet& writes) {
    return std::any_of(writes.begin(), writes.end(), [&](WriteIndex write) {
      const Entry* const entry = writes_.entry(write);
      return entry != nullptr && erased.touches(*entry);
    });
  };
  const auto meet = [&](std::optional<SetIndex> set) {
    if (set && met.insert(*set).second) open.push_back(*set);
  };
  while (!open.empty()) {
    Set& set = *sets_[open.back()];
    open.pop_back();
    if (touches(set.live)) return true;
    if (set.live.size() < 2) continue;
    const Below& below = this->below(set);
    if (touches(below.above) || touches(below.foundation)) return true;
    meet(below.foundation_set);
    if (!below.versions_only || count_bases(set) > kBaseSetsMax) continue;
    for (const Base& base : bases(set)) {
      if (touches(base.versions)) return true;
      meet(base.set);
    }
  }
  return false;
}

/// Of live versions that cannot be merged.
PathMerge::Result PathMerge::greatest_of(const Set& set) {
  Result result;
  result.as_in = *writes_.entry(set.live.back());
  const auto differ = [&](auto member, DocumentPart part) {
    const bool same = std::all_of(set.live.begin(), set.live.end(), [&](WriteIndex version) {
      return writes_.entry(version)->*member == (*result.as_in).*member;
    });
    if (!same) result.conflicts.push_back({part, "", ConflictReason::kBothChanged});
  };
  differ(&Entry::content, DocumentPart::kContent);
  differ(&Entry::media_type, DocumentPart::kMediaType);
  differ(&Entry::metadata, DocumentPart::kMetadata);
  if (edit_beats_delete(set)) {
    result.conflicts.push_back({DocumentPart::kContent, "", ConflictReason::kEditAndDelete});
  }
  return result;
}

PathMerge::Result PathMerge::merge(const WriteSet& versions, const EnvironmentPtr& environment,
                                   const Erased& erased) {
  if (erased.empty() || writes_.path().starts_with(kGovernedPrefix)) {
    return merge(versions, environment);
  }
  const WriteSet left = without_erased(versions, erased);
  if (left.size() < versions.size() && !writes_.any_live(left)) {
    // Absence would say that all versions are deletions, and trees are read so.
    Result result;
    result.as_in = *writes_.entry(writes_.live(versions).back());
    return result;
  }
  const SetIndex index = intern(left, environment);
  const bool is_one = left.size() < versions.size() && sets_[index]->live.size() == 1;
  if (is_one || reads_erased(index, erased)) return greatest_of(*sets_[index]);
  return merge(left, environment);
}

bool PathMerge::depends_on(const WriteSet& versions, const EnvironmentPtr& environment,
                           const Erased& erased) {
  if (erased.empty() || writes_.path().starts_with(kGovernedPrefix)) return false;
  if (without_erased(versions, erased).size() < versions.size()) return true;
  return reads_erased(intern(versions, environment), erased);
}

/// Who wrote what is not there, of the writes that were met: of a few more, perhaps, than the merge
/// at hand reads.
std::set<CommitId> PathMerge::missing_writes() {
  std::set<CommitId> commits;
  for (WriteIndex write = 0; write < writes_.size(); ++write) {
    const Entry* const entry = writes_.entry(write);
    if (entry == nullptr || history_.holds(*entry)) continue;
    commits.insert(history_.graph().peek(writes_.commit(write)).id);
  }
  return commits;
}

void PathMerge::evaluate(SetIndex index) {
  std::vector<SetIndex> stack{index};
  const auto push = [&](const std::vector<SetIndex>& sets) {
    stack.insert(stack.end(), sets.begin(), sets.end());
  };
  while (!stack.empty()) {
    Set& set = *sets_[stack.back()];
    if (set.result) {
      stack.pop_back();
      continue;
    }
    if (const std::vector<SetIndex> first = unmet(set); !first.empty()) {
      push(first);
      continue;
    }
    try {
      set.result = compute(set);
    } catch (const Needed& needed) {
      push(needed.sets);
      continue;
    }
    ++merges_;
    set.below.reset();
    const DocumentPtr& made = set.result->document;
    if (set.stored && made && made->bytes() > kKeptBytesMax) set.result->document.reset();
  }
}

/// The sets whose results have to be there before this one's is computed.
std::vector<PathMerge::SetIndex> PathMerge::unmet(Set& set) {
  std::vector<SetIndex> sets;
  if (set.live.size() < 2 || writes_.path().starts_with(kGovernedPrefix)) return sets;
  const Below& below = this->below(set);
  if (below.foundation_set && !sets_[*below.foundation_set]->has_document()) {
    sets.push_back(*below.foundation_set);
  }
  if (below.versions_only) return sets;
  for (const WriteIndex write : below.above) {
    const std::optional<SetIndex> seen = seen_set(write);
    if (seen && !sets_[*seen]->has_conflicts()) sets.push_back(*seen);
  }
  return sets;
}

DocumentPtr PathMerge::document(WriteIndex write) {
  const Entry* const entry = writes_.entry(write);
  return entry == nullptr ? nullptr : history_.document_of(writes_.path(), *entry);
}

DocumentPtr PathMerge::document_of(const Set& set) {
  if (set.result && (set.result->document || !set.stored)) return set.result->document;
  if (!set.stored) throw Needed{{set.number}};
  try {
    return history_.document_of(writes_.path(), *set.stored);
  } catch (const objects::ObjectMissing&) {
    // What it was made of may be there all the same.
    Set& again = *sets_[set.number];
    again.stored_is_missing = true;
    again.stored.reset();
    again.result.reset();
    throw Needed{{again.number}};
  }
}

DocumentPtr PathMerge::document_of(const WriteSet& versions, std::optional<SetIndex> set) {
  if (set) return document_of(*sets_[*set]);
  return versions.empty() ? nullptr : document(versions.front());
}

/// An edit that beat a delete of a document that both knew.
bool PathMerge::edit_beats_delete(const Set& set) {
  for (const WriteIndex version : set.versions) {
    if (!writes_.is_deletion(version)) continue;
    for (const WriteIndex edit : set.live) {
      if (writes_.any_live(writes_.common({version}, {edit}))) return true;
    }
  }
  return false;
}

PathMerge::Result PathMerge::compute_governed(const Set& set) {
  std::vector<DocumentPtr> live;
  live.reserve(set.live.size());
  for (const WriteIndex version : set.live) live.push_back(document(version));
  GovernedMerge merged = merge_governed(writes_.path(), live);
  Result result;
  result.document = std::move(merged.document);
  if (merged.conflict) {
    result.conflicts.push_back({DocumentPart::kContent, "", ConflictReason::kBothChanged});
  }
  if (edit_beats_delete(set)) {
    result.conflicts.push_back({DocumentPart::kContent, "", ConflictReason::kEditAndDelete});
  }
  return result;
}

/// Puts the writes that take part in fold order: those that count, the deleted versions and, as if
/// it were a creation, the foundation.
void PathMerge::list_writes(Set& set, Input& input) {
  const Below& below = this->below(set);
  input.versions_only = below.versions_only;
  input.writes = below.above;
  for (const WriteIndex version : set.versions) {
    if (writes_.is_deletion(version)) input.writes.push_back(version);
  }
  PathWrite foundation;
  foundation.document = document_of(below.foundation, below.foundation_set);
  const WriteIndex greatest = below.foundation.empty() ? 0 : below.foundation.back();
  std::sort(input.writes.begin(), input.writes.end(),
            [this](auto a, auto b) { return writes_.is_before(a, b); });
  for (const WriteIndex write : input.writes) {
    if (foundation.document && !input.foundation && writes_.is_before(greatest, write)) {
      input.foundation = input.merge.writes.size();
      input.merge.writes.emplace_back();
    }
    input.places.emplace(write, input.merge.writes.size());
    input.merge.writes.emplace_back();
  }
  if (input.foundation) {
    input.places.emplace(greatest, *input.foundation);
    input.merge.writes[*input.foundation].document = foundation.document;
  }
  for (const auto& [write, place] : input.places) {
    PathWrite& filled = input.merge.writes[place];
    const CommitFacts& facts = history_.graph().peek(writes_.commit(write));
    filled.commit = facts.id;
    filled.clock = facts.stamp.clock;
    filled.writer = facts.stamp.writer;
    filled.author = facts.author.fingerprint();
  }
  for (const WriteIndex write : input.writes) {
    PathWrite& filled = input.merge.writes[input.places.at(write)];
    filled.document = document(write);
    if (input.versions_only) {
      filled.seen = foundation.document;
    } else if (filled.document) {
      fill_seen(write, filled);
    }
  }
}

void PathMerge::fill_seen(WriteIndex write, PathWrite& filled) {
  const std::optional<SetIndex> set = seen_set(write);
  filled.seen = document_of(writes_.seen(write), set);
  if (set && sets_[*set]->result) filled.seen_conflicts = &sets_[*set]->result->conflicts;
}

void PathMerge::fill_sight(Set& set, Input& input) {
  input.merge.sight = Sight(input.merge.writes.size());
  Sight& sight = input.merge.sight;
  for (const WriteIndex write : input.writes) {
    const std::size_t place = input.places.at(write);
    if (input.foundation && *input.foundation < place) sight.set(place, *input.foundation);
    if (input.versions_only) continue;
    for (const WriteIndex older : writes_.seen(write)) {
      const auto at = input.places.find(older);
      if (at == input.places.end()) continue;
      sight.set(place, at->second);
      for (std::size_t i = 0; i < sight.words(); ++i) {
        sight.row(place)[i] |= sight.row(at->second)[i];
      }
    }
  }
  for (const WriteIndex version : set.versions) {
    input.merge.versions.push_back(input.places.at(version));
  }
}

/// The base of the step that brings in live version number `step` + 1.
DocumentPtr PathMerge::base_document(Set& set, std::size_t step) {
  const std::vector<Base>& all = bases(set);
  const Base& base = all[step];
  if (!base.set || sets_[*base.set]->has_document()) return document_of(base.versions, base.set);
  Needed needed;
  for (const Base& other : all) {
    if (other.set && !sets_[*other.set]->has_document()) needed.sets.push_back(*other.set);
  }
  throw needed;
}

PathMerge::Result PathMerge::compute(Set& set) {
  if (set.live.empty()) return {};
  if (writes_.path().starts_with(kGovernedPrefix)) return compute_governed(set);
  if (set.live.size() == 1) {
    Result result{document(set.live.front()), {}, std::nullopt, false};
    if (edit_beats_delete(set)) {
      result.conflicts.push_back({DocumentPart::kContent, "", ConflictReason::kEditAndDelete});
    }
    return result;
  }
  Input input;
  MergeInput& merge = input.merge;
  merge.path = writes_.path();
  list_writes(set, input);
  fill_sight(set, input);
  merge.over_bound = count_bases(set) > kBaseSetsMax;
  const auto write_at = [&](std::size_t place) {
    const auto at = std::find_if(input.places.begin(), input.places.end(),
                                 [&](const auto& item) { return item.second == place; });
    return at->first;
  };
  merge.base = [&](const std::vector<std::size_t>& left, std::size_t) {
    return merge.over_bound ? document(set.versions.back()) : base_document(set, left.size() - 1);
  };
  merge.existed = [&](std::size_t deleted, std::size_t live) {
    return writes_.any_live(writes_.common({write_at(deleted)}, {write_at(live)}));
  };
  merge.rule = set.environment->rule(writes_.path());
  std::shared_ptr<ScriptRunner> script;
  if (merge.rule != nullptr && !merge.rule->script.empty()) {
    script = set.environment->script(*merge.rule);
    merge.script = script.get();
  }
  MergedDocument merged = merge_document(merge);
  return {std::move(merged.document), std::move(merged.conflicts), std::move(merged.script),
          merge.over_bound};
}

}  // namespace isodb::merge
