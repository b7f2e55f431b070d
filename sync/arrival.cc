#include "sync/arrival.h"

#include <algorithm>
#include <unordered_map>

#include "isodb/error.h"
#include "repo/branch_merge.h"

namespace isodb::sync {
namespace {

constexpr std::string_view kBranches = "heads/";
constexpr std::string_view kTags = "tags/";
constexpr int kRoundsMax = 1000;

/// One attempt: computed against the refs as they are, and lost when one of them moves.
class Arrival {
 public:
  Arrival(RepositoryState& repository, Incoming& incoming, const Destination& destination)
      : repository_(repository), incoming_(incoming), destination_(destination) {
    const std::vector<std::string> counted =
        destination.into_branches
            ? std::vector<std::string>{std::string(kBranches), std::string(kTags)}
            : std::vector<std::string>{tracking("")};
    for (const std::string& prefix : counted) {
      for (refs::Ref& ref : repository.database->refs(prefix)) {
        known_.emplace(std::move(ref.name), ref.target);
      }
    }
    has_unmerged_ = !repository.database->refs("peeled/").empty() ||
                    !repository.database->refs("waiting/").empty();
  }

  /// `more`: commits that were taken, of a branch whose heads were refused.
  void add(const std::string& name, const std::vector<Id>& ids, const std::vector<CommitId>& more) {
    if (name.starts_with(kBranches)) {
      add_branch(name, ids, more);
    } else if (name.starts_with(kTags)) {
      add_tag(name, ids.front());
    }
  }

  /// Branches that could not be merged stay, and what was taken of them waits.
  void keep_unmerged() {
    if (!destination_.into_branches || unmerged_.empty()) return;
    incoming_.flush();  // the graph reads what is durable
    for (const auto& [name, heads] : unmerged_) {
      repo::add_waiting(batch, repository_, name, heads);
    }
  }

  refs::WriteBatch batch;
  std::vector<MovedRef> moved;
  std::vector<std::string> tags_differ, refused;
  std::vector<CommitId> peeled;
  std::vector<ContentNotHeld::Need> needs;

 private:
  std::string tracking(std::string_view rest) const {
    return "remotes/" + destination_.remote + "/" + std::string(rest);
  }

  void add_branch(const std::string& name, const std::vector<Id>& ids,
                  const std::vector<CommitId>& more) {
    std::vector<CommitId> heads = more;
    for (const Id& id : ids) {
      if (incoming_.objects().contains(id)) heads.emplace_back(id);
    }
    const std::string ref = destination_.into_branches
                                ? name
                                : tracking(std::string_view(name).substr(kBranches.size()));
    if (heads.empty() || is_there(ref, heads) || !has_room(ref)) return;
    try {
      if (destination_.into_branches) {
        merge(repo::merge_into_branch(repository_, name, heads, incoming_.objects()));
      } else {
        move(ref, heads);
      }
    } catch (const ContentNotHeld& error) {
      needs.insert(needs.end(), error.needs().begin(), error.needs().end());
      unmerged_.emplace_back(name, std::move(heads));
    }
  }

  /// Most branches are as they were: then nothing is read but the list of all.
  bool is_there(const std::string& ref, const std::vector<CommitId>& heads) const {
    const auto known = known_.find(ref);
    return !has_unmerged_ && heads.size() == 1 && known != known_.end() &&
           known->second == heads.front();
  }

  /// For this ref, which may be there already.
  bool has_room(const std::string& name) {
    if (known_.contains(name)) return true;
    if (known_.size() >= kRefsTakenMax) {
      refused.push_back(name);
      return false;
    }
    known_.emplace(name, Id{});  // from now on
    return true;
  }

  void merge(const repo::BranchMerge& merge) {
    if (merge.is_done()) return;
    repo::add_moves(batch, merge, "sync: " + destination_.remote);
    const std::vector<CommitId> set_aside = merge.newly_peeled();
    peeled.insert(peeled.end(), set_aside.begin(), set_aside.end());
    if (merge.before == merge.after) return;
    moved.push_back({merge.branch, merge.before, merge.after, merge.state.statistics.merged,
                     merge.state.statistics.conflicts});
  }

  void move(const std::string& name, const std::vector<CommitId>& heads) {
    const merge::State state = repository_.merging->state(heads, incoming_.objects());
    set(name, state.merge ? Id(*state.merge) : Id(state.heads.front()));
  }

  void add_tag(const std::string& name, const Id& id) {
    if (!may_be_tag(id)) return;
    const std::optional<Id> ours = repository_.database->ref(name);
    if (!ours && !has_room(name)) return;
    if (!ours) return set(name, id);
    if (*ours == id) return;
    tags_differ.push_back(name);
    set(tracking(name), id);
  }

  /// Not any document or tree of this repository whose id a peer happens to know.
  bool may_be_tag(const Id& id) const {
    const std::optional<objects::Object> object = incoming_.objects().get(id);
    return object && (object->type == ObjectType::kCommit || object->type == ObjectType::kTag);
  }

  void set(const std::string& name, const Id& target) {
    const std::optional<Id> before = repository_.database->ref(name);
    if (before == target) return;
    batch.moves.push_back({name, before, target, "sync: " + destination_.remote});
    moved.push_back({name, before, target, 0, 0});
  }

  RepositoryState& repository_;
  Incoming& incoming_;
  const Destination& destination_;
  std::unordered_map<std::string, Id> known_;  // refs that are counted
  bool has_unmerged_ = false;                  // some branch has more than its ref says
  std::vector<std::pair<std::string, std::vector<CommitId>>> unmerged_;
};

/// Of a peer's branches, the one of whose heads some were refused, and what was taken of it. Where
/// there are several such branches, nobody can tell whose is what, and it comes again next time.
struct Remainder {
  std::string branch;
  std::vector<CommitId> heads;
};

Remainder remainder_of(RepositoryState& repository, Incoming& incoming,
                       const wire::Agreement& theirs, const std::vector<CommitId>& not_of_it) {
  std::vector<CommitId> whole;
  Remainder remainder;
  for (const auto& [name, ids] : theirs) {
    if (!name.starts_with(kBranches)) continue;
    for (const Id& id : ids) {
      if (incoming.objects().contains(id)) {
        whole.emplace_back(id);
      } else if (remainder.branch.empty() || remainder.branch == name) {
        remainder.branch = name;
      } else {
        return {};
      }
    }
  }
  if (remainder.branch.empty()) return {};
  incoming.flush();  // the graph reads what is durable
  for (const CommitId& head : incoming.heads()) {
    const bool is_elsewhere = (!whole.empty() && repository.merging->in_past(head, whole)) ||
                              std::ranges::find(not_of_it, head) != not_of_it.end();
    if (!is_elsewhere) remainder.heads.push_back(head);
  }
  return remainder;
}

}  // namespace

std::vector<ContentNotHeld::Need> bring_to_refs(RepositoryState& repository, Incoming& incoming,
                                                const wire::Agreement& theirs,
                                                const Destination& destination,
                                                const refs::WriteBatch& extra, bool may_ask,
                                                Report& report) {
  const Remainder remainder = remainder_of(repository, incoming, theirs, destination.not_of_it);
  for (int round = 0; round < kRoundsMax; ++round) {
    Arrival arrival(repository, incoming, destination);
    arrival.batch = extra;
    for (const auto& [name, ids] : theirs) {
      // What a peer calls a ref goes into the repository and before people's eyes.
      if (!refs::ref_name_problem(name).empty()) continue;
      arrival.add(name, ids, name == remainder.branch ? remainder.heads : std::vector<CommitId>{});
    }
    arrival.batch.writer = repository.public_key().fingerprint();
    arrival.batch.at_millis = repository.environment.now_millis();
    if (!arrival.needs.empty() && may_ask) return std::move(arrival.needs);
    arrival.keep_unmerged();
    if (incoming.finish(std::move(arrival.batch))) continue;
    for (const ContentNotHeld::Need& need : arrival.needs) report.waiting.push_back(need.path);
    report.moved.insert(report.moved.end(), arrival.moved.begin(), arrival.moved.end());
    report.peeled.insert(report.peeled.end(), arrival.peeled.begin(), arrival.peeled.end());
    report.tags_differ = std::move(arrival.tags_differ);
    report.refs_refused = std::move(arrival.refused);
    return {};
  }
  throw Error(ErrorCode::kBusy, "other processes moved the branches 1000 times in a row",
              "try again");
}

}  // namespace isodb::sync
