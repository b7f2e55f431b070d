#include "repo/mending.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/memory_store.h"
#include "objects/node.h"
#include "repo/merging.h"

namespace isodb::repo {
namespace {

constexpr std::uint64_t kTakenBytesMax = 16 << 20;  // in memory
constexpr std::size_t kCandidatesMax = 256;         // each takes merging once

}  // namespace

void Mending::begin(const ProgressFunction& progress) {
  examination_.read_everything(progress);
  look(progress);
}

bool Mending::look_again(const ProgressFunction& progress) {
  store();
  if (mended_.size() == mended_before_) return false;
  look(progress);
  return true;
}

void Mending::look(const ProgressFunction& progress) {
  for (;;) {
    transactions_ = state_.database->transactions();
    examination_.walk(progress);
    open_.clear();
    asked_.clear();
    to_ask_.clear();
    for (const Damage& damage : examination_.damage()) want(damage);
    mended_before_ = mended_.size();
    mend_from_here();
    compute_again();
    store();
    if (mended_.size() == mended_before_) return;
  }
}

void Mending::want(const Damage& damage) {
  const bool is_new = open_.emplace(damage.id, damage).second;
  if (is_new && !done_.contains(damage.id)) to_ask_.push_back(damage.id);
}

/// An object may be held twice, and only one of them be damaged.
void Mending::mend_from_here() {
  state_.store->intact_copies({to_ask_.begin(), to_ask_.end()},
                              [&](objects::Object copy) { take(std::move(copy)); });
}

/// What merging puts together was never sent by anybody: whoever has the commits has it.
void Mending::compute_again() {
  std::map<Id, std::vector<Id>> of_source;
  for (const auto& [id, damage] : open_) {
    if (!damage.of.is_zero() && damage.of != id) of_source[damage.of].push_back(id);
  }
  for (const Id& id : std::vector<Id>(to_ask_)) {
    const auto damage = open_.find(id);
    if (damage != open_.end() && damage->second.of == id) compute_merge(id);
  }
  for (const auto& [source, ids] : of_source) {
    try {
      Merging merging(state_);  // one that remembers nothing
      objects::MemoryStore computed;
      const objects::Object object = state_.read_object(source);
      if (object.type == ObjectType::kMerge) {
        merging.state(objects::decode_merge(object.payload).heads, computed);
      } else if (object.type == ObjectType::kCommit) {
        const Commit commit = objects::decode_commit(object.payload);
        if (!commit.base) continue;
        merging.merged(commit.parents, computed);
      }
      for (const Id& id : ids) {
        if (std::optional<objects::Object> found = computed.get(id)) take(*std::move(found));
      }
    } catch (const Error&) {  // what it needs is damaged, too: after that was mended
    }
  }
}

/// A merge that is gone does not say what it merged; the reflog does, where it was a branch.
void Mending::compute_merge(const Id& merge) {
  for (const std::vector<CommitId>& heads : heads_that_may_be(merge)) {
    try {
      Merging merging(state_);
      objects::MemoryStore computed;
      merging.state(heads, computed);
      if (std::optional<objects::Object> found = computed.get(merge)) {
        take(*std::move(found));
        return;
      }
    } catch (const Error&) {  // these cannot be read
    }
  }
}

std::vector<std::vector<CommitId>> Mending::heads_that_may_be(const Id& merge) const {
  std::vector<std::vector<CommitId>> candidates;
  const auto heads_of = [&](const Id& id) {
    try {
      return state_.head(state_.peel_tags(id))->commits;
    } catch (const Error&) {
      return std::vector<CommitId>{};
    }
  };
  for (const refs::ReflogEntry& move : state_.database->reflog({})) {
    if (move.before == merge && move.after) {
      // A commit on top of it has its heads as parents.
      const std::vector<CommitId> after = heads_of(*move.after);
      if (after.size() != 1 || !examination_.can_be_read(after.front())) continue;
      candidates.push_back(state_.read_commit(after.front()).parents);
    } else if (move.after == merge && move.before) {
      // Most often it took in what another ref names.
      const std::vector<CommitId> before = heads_of(*move.before);
      for (const refs::Ref& ref : state_.database->refs()) {
        std::vector<CommitId> both = heads_of(ref.target);
        both.insert(both.end(), before.begin(), before.end());
        std::sort(both.begin(), both.end());
        both.erase(std::unique(both.begin(), both.end()), both.end());
        candidates.push_back(std::move(both));
      }
    }
    if (candidates.size() > kCandidatesMax) break;
  }
  std::erase_if(candidates, [](const auto& heads) { return heads.size() < 2; });
  return candidates;
}

std::vector<Damage> Mending::next_wanted(std::size_t max) {
  std::vector<Damage> wanted;
  while (!to_ask_.empty() && wanted.size() < max) {
    const auto found = open_.find(to_ask_.back());
    to_ask_.pop_back();
    if (found == open_.end() || !asked_.insert(found->first).second) continue;
    wanted.push_back(found->second);
  }
  return wanted;
}

bool Mending::take(objects::Object object) {
  const Id id = core::object_id(object.type, object.payload);
  const auto found = open_.find(id);
  if (found == open_.end() || !done_.insert(id).second) return false;
  const Damage damage = found->second;
  open_.erase(found);
  mended_.push_back({id, object.type, damage.where});
  follow(damage, object);
  taken_bytes_ += object.payload.size();
  taken_.push_back(std::move(object));
  if (taken_bytes_ > kTakenBytesMax) store();
  return true;
}

void Mending::store() {
  state_.store->mend(taken_);
  taken_.clear();
  taken_bytes_ = 0;
}

/// What the object names was out of sight: where it is missing, it is asked for at once, not after
/// another look. Contents of a partial repository may be: the next look tells.
void Mending::follow(const Damage& damage, const objects::Object& object) {
  const auto want_missing = [&](const Id& id, const Id& of) {
    if (examination_.can_be_read(id)) return;
    want({id, damage.where, objects::ObjectMissing(id).what(), of, damage.rank});
  };
  switch (object.type) {
    case ObjectType::kCommit: {
      const Commit commit = objects::decode_commit(object.payload);
      for (const CommitId& parent : commit.parents) {
        if (!examination_.can_be_read(parent)) {
          want({parent, "commit " + parent.hex(), objects::ObjectMissing(parent).what(), parent,
                std::nullopt});
        }
      }
      return want_missing(commit.tree, damage.id);
    }
    case ObjectType::kMerge:
      for (const CommitId& head : objects::decode_merge(object.payload).heads) {
        want_missing(head, head);
      }
      return;
    case ObjectType::kTree:
      return follow_tree(damage, object);
    case ObjectType::kList:
      if (!state_.scope()->is_whole()) return;
      for (const objects::ListItem& item : objects::decode_list(object.payload).items) {
        want_missing(item.id, damage.of);
      }
      return;
    default:
      return;
  }
}

void Mending::follow_tree(const Damage& damage, const objects::Object& object) {
  const objects::Node node(object.payload);
  std::uint64_t rank = damage.rank.value_or(0);
  const bool takes_contents = state_.scope()->is_whole();
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string where = damage.where + " path " + node.key(i);
    std::vector<Id> named;
    std::uint64_t entries = 1;
    if (node.level() > 0) {
      named.push_back(node.id(i));
      entries = node.child(i).count;
    } else if (takes_contents) {
      const Entry entry = node.entry(i);
      named.push_back(entry.content);
      if (entry.metadata) named.push_back(*entry.metadata);
    }
    for (const Id& id : named) {
      if (examination_.can_be_read(id)) continue;
      want({id, where, objects::ObjectMissing(id).what(), damage.of, rank});
    }
    rank += entries;
  }
}

std::vector<std::string> Mending::purge() {
  std::vector<std::string> files =
      state_.store->purge({.files = examination_.damaged_files(),
                           .reachable = examination_.reachable(),
                           .is_whole = is_whole() && examination_.saw_all(),
                           .transactions = transactions_});
  state_.pack_when_due();
  return files;
}

}  // namespace isodb::repo
