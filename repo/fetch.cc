#include <algorithm>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/node.h"
#include "repo/commit_walk.h"
#include "repo/staging.h"
#include "repo/state.h"

namespace isodb {
namespace {

constexpr std::uint64_t kClockAheadMillisMax = 24 * 60 * 60 * std::uint64_t{1000};

/// Copies commits from one repository into another's staging, each with all that it holds.
class Fetch {
 public:
  Fetch(RepositoryState& here, const RepositoryState& there)
      : here_(here), there_(there), staging_(*here.store, here.files) {}

  /// Parents first. "" when the commit is kept, or the rule that it breaks.
  std::string take(const CommitId& id) {
    const Bytes bytes = objects::get_expected(*there_.store, id, ObjectType::kCommit);
    const Commit commit = objects::decode_commit(bytes);
    std::string problem = cheap_problem(commit);
    if (problem.empty()) {
      copy_commit(commit);
      problem = here_.merging->check(id, commit, staging_).refusal;
    }
    // A commit that is held is one that was found good: the next fetch asks no more.
    if (problem.empty()) {
      put(id, ObjectType::kCommit, bytes);
    } else {
      refused_.insert(id);
    }
    return problem;
  }

  repo::Staging& staging() { return staging_; }
  bool is_refused(const CommitId& id) const { return refused_.contains(id); }

 private:
  /// What can be said before anything is copied.
  std::string cheap_problem(const Commit& commit) const {
    for (const CommitId& parent : commit.parents) {
      if (refused_.contains(parent)) return "its parent " + parent.short_hex() + " was refused";
    }
    const bool is_root = commit.parents.empty();
    if (!objects::commit_signature_holds(commit, is_root ? Id{} : Id(here_.root))) {
      return "its signature does not hold";
    }
    if (commit.clock.millis() > here_.environment.now_millis() + kClockAheadMillisMax) {
      return "its clock is more than 24 hours ahead of this device's";
    }
    return {};
  }

  void copy_commit(const Commit& commit) {
    if (commit.deleted) copy_content(*commit.deleted);
    if (commit.base) copy_tree(*commit.base);
    copy_tree(commit.tree);
  }

  /// What is below a node comes before it, so that a node that is held is held with all below it.
  void copy_tree(const Id& id) {
    if (staging_.contains(id)) return;
    objects::Object object = read(id);
    const objects::Node node(object.payload);
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (node.level() > 0) {
        copy_tree(node.id(i));
        continue;
      }
      const Entry entry = node.entry(i);
      copy_content(entry.content);
      if (entry.metadata) copy_content(*entry.metadata);
    }
    put(id, ObjectType::kTree, object.payload);
  }

  void copy_content(const Id& id) {
    if (staging_.contains(id)) return;
    const objects::Object object = read(id);
    if (object.type == ObjectType::kList) {
      for (const objects::ListItem& item : objects::decode_list(object.payload).items) {
        copy_content(item.id);
      }
    }
    put(id, object.type, object.payload);
  }

  objects::Object read(const Id& id) const {
    if (std::optional<objects::Object> object = there_.store->get(id)) return std::move(*object);
    throw Error(ErrorCode::kCorrupt, "the other repository lacks object " + id.hex(),
                "run isodb fsck there");
  }

  void put(const Id& id, ObjectType type, ByteView payload) {
    if (staging_.put(type, payload) == id) return;
    throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " of the other repository is damaged",
                "run isodb fsck there");
  }

  RepositoryState& here_;
  const RepositoryState& there_;
  repo::Staging staging_;
  std::unordered_set<Id> refused_;
};

/// The commits behind `heads` that are not here, parents first.
std::vector<CommitId> missing_commits(const RepositoryState& here, const RepositoryState& there,
                                      const std::vector<CommitId>& heads) {
  std::vector<CommitId> wanted;
  for (const CommitId& head : heads) {
    if (!here.store->contains(head)) wanted.push_back(head);
  }
  std::vector<CommitId> missing;
  repo::CommitWalk walk(there, wanted);
  while (const std::optional<repo::CommitWalk::Item> item =
             walk.next_unless([&](const CommitId& id) { return here.store->contains(id); })) {
    missing.push_back(item->id);
  }
  return {missing.rbegin(), missing.rend()};
}

void make_durable(RepositoryState& here, repo::Staging& staging, refs::WriteBatch& batch) {
  if (staging.is_packed()) {
    if (std::optional<objects::PackInfo> pack = staging.finish_pack()) {
      batch.packs_added.push_back(*pack);
    }
  } else if (!staging.loose().empty()) {
    batch.loose.push_back(staging.loose().take());
  }
  if (here.database->write(batch).lost) {
    throw Error(ErrorCode::kBusy, "the repository changed while it was fetched into", "try again");
  }
  here.store->refresh();
  here.pack_when_due();
}

}  // namespace

Fetched Repository::fetch(const Repository& from, const std::string& name) {
  if (from.id() != id()) {
    throw Error(ErrorCode::kInvalid,
                from.folder().string() + " is another repository: its root is " +
                    from.id().short_hex() + ", not " + id().short_hex(),
                "isodb clone makes a repository that shares its history");
  }
  refs::WriteBatch batch;
  batch.collection_generation = state_->store->collection_generation();
  batch.writer = public_key().fingerprint();
  batch.at_millis = state_->environment.now_millis();
  Fetch fetch(*state_, *from.state_);
  Fetched result;
  for (const refs::Ref& ref : from.state_->database->refs("heads/")) {
    const std::vector<CommitId> heads = from.state_->head(ref.target)->commits;
    for (const CommitId& commit : missing_commits(*state_, *from.state_, heads)) {
      if (fetch.is_refused(commit) || fetch.staging().contains(commit)) continue;
      const std::string rule = fetch.take(commit);
      if (rule.empty()) {
        ++result.commits;
      } else {
        result.refused.push_back({commit, rule});
      }
    }
    std::vector<CommitId> kept;
    for (const CommitId& head : heads) {
      if (!fetch.is_refused(head)) kept.push_back(head);
    }
    if (kept.empty()) continue;
    const merge::State state = state_->merging->state(kept, fetch.staging());
    const Id target = state.merge ? Id(*state.merge) : Id(state.heads.front());
    const std::string ours = "remotes/" + name + "/" + ref.name.substr(std::size("heads/") - 1);
    const std::optional<Id> before = this->ref(ours);
    result.refs.push_back({ours, target, before != target});
    if (before != target) batch.moves.push_back({ours, before, target, "fetch"});
  }
  make_durable(*state_, fetch.staging(), batch);
  return result;
}

}  // namespace isodb
