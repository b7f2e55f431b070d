#include "repo/commit_queue.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/authority.h"
#include "repo/commit_builder.h"
#include "repo/state.h"

namespace isodb::repo {
namespace {

/// Every lost round means that somebody else's commit succeeded; past this many something is wrong.
constexpr int kRoundsMax = 1000;

/// False when a collection dropped content that the transaction relies on.
bool is_intact(const CommitRequest& request, const refs::LocalStore& store) {
  const Staging& staging = *request.staging;
  if (staging.generation() == store.collection_generation()) return true;
  if (!staging.is_intact()) return false;
  const auto changes = request.changes->sorted();
  return std::all_of(changes.begin(), changes.end(), [&](const StagedChanges::Change* change) {
    return change->removed || staging.contains(change->content);
  });
}

/// The paths whose staged change is not what it was when the draft was read: somebody else staged
/// or took back changes, or ended the draft.
std::vector<std::string> restaged_paths(const std::vector<refs::DraftChange>& known,
                                        const std::optional<refs::Database::Draft>& now) {
  std::map<std::string, std::optional<Bytes>> changes;
  if (now) {
    for (const refs::DraftChange& change : now->changes) changes.emplace(change.path, change.entry);
  }
  std::vector<std::string> paths;
  for (const refs::DraftChange& change : known) {
    const auto found = changes.find(change.path);
    if (found == changes.end() || found->second != change.entry) paths.push_back(change.path);
    if (found != changes.end()) changes.erase(found);
  }
  for (const auto& [path, entry] : changes) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// A commit's own objects, and the documents that its transaction staged.
class CommitObjects : public objects::ObjectStore {
 public:
  CommitObjects(objects::ObjectStore& commit, const objects::ObjectSource& staged)
      : commit_(commit), staged_(staged) {}
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint) override {
    return commit_.put(type, payload, hint);
  }
  std::optional<objects::Object> get(const Id& id) const override {
    if (std::optional<objects::Object> object = commit_.get(id)) return object;
    return staged_.get(id);
  }
  bool contains(const Id& id) const override {
    return commit_.contains(id) || staged_.contains(id);
  }

 private:
  objects::ObjectStore& commit_;
  const objects::ObjectSource& staged_;
};

/// Gives the exception in flight to those that have no outcome. What is durable stays a success.
void fail_unfinished(const std::vector<CommitRequest*>& requests) {
  for (CommitRequest* request : requests) {
    if (!request->outcome && !request->failure) request->failure = std::current_exception();
  }
}

}  // namespace

/// The commits of one round, as far as they are built.
struct CommitQueue::Group {
  explicit Group(RepositoryState& state) : objects(*state.store) {}

  std::vector<CommitRequest*> requests;
  std::vector<std::variant<CommitId, Stale>> outcomes;
  refs::LooseBatch objects;                                  // nodes and commits of all of them
  std::unordered_map<std::string, std::optional<Id>> heads;  // as this round leaves them
  std::shared_ptr<const Head> newest;                        // of this round
  std::unordered_map<Id, std::shared_ptr<const Head>> made;  // all of this round: not stored yet
  refs::WriteBatch batch;
  std::uint64_t sequence = 0;

  /// A transaction's documents: into the row of the group where they are few, so that a commit
  /// writes one row, else as a row of their own.
  void add_staged(const refs::LooseBatch& staged) {
    constexpr std::size_t kBytesMax = 64 * 1024;
    if (staged.empty() || (staged.bytes() <= kBytesMax && objects.absorb(staged))) return;
    batch.loose.push_back(staged.row());
  }
};

void CommitQueue::submit(CommitRequest& request) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&request);
  while (!request.done) {
    if (leading_) {
      request.wake.wait(lock);
      continue;
    }
    leading_ = true;
    const std::vector<CommitRequest*> requests = std::exchange(waiting_, {});
    lock.unlock();
    try {
      lead(requests);
    } catch (...) {
      fail_unfinished(requests);
    }
    lock.lock();
    // Only now: until here the leader may look at any of them, and they go when their threads wake.
    for (CommitRequest* led : requests) {
      led->done = true;
      led->wake.notify_one();
    }
    leading_ = false;
    if (!waiting_.empty())
      waiting_.front()->wake.notify_one();  // leads, or is led by one that came
  }
}

void CommitQueue::lead(const std::vector<CommitRequest*>& requests) {
  std::vector<CommitRequest*> small;
  for (CommitRequest* request : requests) {
    if (!request->staging->is_packed()) {
      small.push_back(request);
      continue;
    }
    try {
      commit_packed(*request);
    } catch (...) {
      fail_unfinished({request});
    }
  }
  if (!small.empty()) commit_group(small);
}

void CommitQueue::commit_group(std::vector<CommitRequest*> requests) {
  for (int round = 0; round < kRoundsMax; ++round) {
    Group group(state_);
    for (CommitRequest* request : requests) {
      if (!request->failure) group.requests.push_back(request);
    }
    if (group.requests.empty()) return;
    if (try_group(group)) return;
  }
  throw Error(ErrorCode::kBusy, "other processes moved the branch 1000 times in a row",
              "try again");
}

void CommitQueue::begin_batch(Group& group) {
  refs::WriteBatch& batch = group.batch;
  batch.collection_generation = state_.store->collection_generation();
  // Whether it still holds is seen when the batch is written.
  batch.sequence_expected = newest_ ? newest_->sequence : state_.database->sequence();
  group.sequence = *batch.sequence_expected;
  batch.writer = state_.key().public_key().fingerprint();
  batch.at_millis = state_.environment.now_millis();
}

bool CommitQueue::try_group(Group& group) {
  refs::WriteBatch& batch = group.batch;
  begin_batch(group);
  std::vector<CommitRequest*> built;
  std::uint64_t transactions = 0;
  for (CommitRequest* request : group.requests) {
    try {
      build(group, *request, nullptr);
      built.push_back(request);
    } catch (...) {
      request->failure = std::current_exception();
    }
  }
  if (!batch.moves.empty()) {
    if (!group.objects.empty()) batch.loose.push_back(group.objects.take());
    batch.sequence_next = group.sequence;
    const refs::Database::WriteResult result = state_.database->write(batch);
    if (result.lost) {
      newest_.reset();
      state_.store->refresh();
      return false;
    }
    transactions = result.transactions;
    remember_newest(group);
    for (std::size_t i = 0; i < batch.loose.size(); ++i) {
      batch.loose[i].number = result.loose_numbers[i];
    }
  }
  // Before anything that may fail: what is durable is done.
  for (std::size_t i = 0; i < built.size(); ++i) built[i]->outcome = std::move(group.outcomes[i]);
  if (!batch.moves.empty()) {
    state_.store->adopt(std::move(batch.loose), transactions);
    state_.remember_head(group.newest);
  }
  return true;
}

void CommitQueue::commit_packed(CommitRequest& request) {
  Group group(state_);
  refs::WriteBatch& batch = group.batch;
  begin_batch(group);
  build(group, request, request.staging);
  if (batch.moves.empty()) {
    request.outcome = std::move(group.outcomes.front());
    return;
  }
  if (std::optional<objects::PackInfo> pack = request.staging->finish_pack()) {
    batch.packs_added.push_back(*pack);
  }
  batch.sequence_next = group.sequence;
  if (!state_.database->write(batch).lost) {
    remember_newest(group);
    request.outcome = std::move(group.outcomes.front());
    state_.store->refresh();
    return;
  }
  // Another process was quicker. The documents are on disk already: keep their pack, which the next
  // attempt then refers to, and commit like a small transaction.
  newest_.reset();
  refs::WriteBatch keep;
  keep.packs_added = batch.packs_added;
  keep.collection_generation = request.staging->generation();
  state_.database->write(keep);  // refused after a collection; then the next attempt is stale
  state_.store->refresh();
  commit_group({&request});
}

void CommitQueue::check_rights(const objects::ObjectSource& source, const CommitRequest& request,
                               const TreeId& before, const TreeId& after) {
  const auto root_author = [this] { return state_.read_commit(state_.root).author; };
  Authority(objects::NodeReader(source, *state_.node_cache), root_author, &member_memo_)
      .check_may_write(before, state_.key().public_key(), *request.changes);
  const OverlaySource documents(*request.staging, source);
  Authority(objects::NodeReader(documents, *state_.node_cache), root_author)
      .check_stays_governed(after, *request.changes);
}

/// The head to build on: as this round leaves it, else as the database has it. That is not asked
/// where the transaction read what this process committed last and nothing but the head decides:
/// whether it still holds is seen when the batch is written.
std::optional<Id> CommitQueue::head_for(Group& group, const CommitRequest& request) {
  const auto known = group.heads.find(request.branch);
  if (known != group.heads.end()) return known->second;
  const bool is_newest =
      newest_ && newest_->branch == request.branch && request.base == newest_->head;
  const bool only_head_decides = request.reads->demands.empty() && request.draft == nullptr &&
                                 is_intact(request, *state_.store);
  if (is_newest && only_head_decides) return newest_->head;
  return group.heads.emplace(request.branch, state_.database->ref(request.branch)).first->second;
}

void CommitQueue::remember_newest(const Group& group) {
  const refs::RefMove& last = group.batch.moves.back();
  newest_ = Newest{last.name, *last.next, group.sequence};
}

/// Why the transaction cannot be built on this head: the paths that are in the way, none of them
/// where a collection is. nullopt: it can.
std::optional<std::vector<std::string>> CommitQueue::refused_paths(const objects::NodeReader& nodes,
                                                                   const CommitRequest& request,
                                                                   const Id& head,
                                                                   const TreeId& head_tree) {
  if (!is_intact(request, *state_.store)) return std::vector<std::string>();
  if (!request.base || head != *request.base || !request.reads->demands.empty()) {
    std::vector<std::string> overlap = overlapping_paths(nodes, request, head_tree);
    if (!overlap.empty()) return overlap;
  }
  if (request.draft != nullptr) {
    std::vector<std::string> restaged = restaged_paths(*request.draft, state_.database->draft());
    if (!restaged.empty()) return restaged;
  }
  return std::nullopt;
}

void CommitQueue::build(Group& group, CommitRequest& request, Staging* packed) {
  const std::optional<Id> head = head_for(group, request);
  objects::ObjectStore& sink = packed ? static_cast<objects::ObjectStore&>(*packed) : group.objects;
  const OverlaySource source(sink, *state_.store);
  const objects::NodeReader nodes(source, *state_.node_cache);
  if (!head) {
    throw Error(ErrorCode::kNotFound, "the branch '" + request.branch + "' is gone",
                "isodb branch lists the branches");
  }
  const auto made = group.made.find(*head);
  const auto parent = made != group.made.end() ? made->second : state_.head(*head);
  if (auto paths = refused_paths(nodes, request, *head, parent->tree)) {
    group.outcomes.push_back(Stale{request.branch, *head, std::move(*paths)});
    return;
  }
  const HybridTime clock = core::next_time(std::max(parent->clock, last_clock_),
                                           state_.environment.now_millis(), group.sequence + 1);
  Commit commit;
  commit.parents = parent->commits;
  if (commit.parents.size() > 1) commit.base = parent->tree;
  commit.writer = state_.writer;
  commit.clock = clock;
  commit.sequence = group.sequence + 1;
  commit.message = request.options->message;
  AppliedChanges applied =
      apply_changes(nodes, sink, parent->tree, *request.changes, commit.stamp());
  if (applied.tree == parent->tree && !request.options->allow_empty) {
    const bool was_asked = group.heads.contains(request.branch);
    newest_.reset();
    if (!was_asked) return build(group, request, packed);
    throw Error(ErrorCode::kInvalid, "nothing to commit: no document changed");
  }
  commit.tree = applied.tree;
  CommitObjects objects(sink, *request.staging);  // rules may be among the documents
  if (!request.changes->sorted(kGovernedPrefix).empty()) {
    commit.tree = state_.merging->commit_tree(commit.parents, parent->tree, commit.tree, objects);
  }
  set_deleted(commit, sink, applied.deleted);
  check_rights(source, request, parent->tree, commit.tree);
  objects::sign_commit(commit, state_.key(), state_.root);
  objects::PutHint hint;
  if (parent->type == ObjectType::kCommit) {
    hint.base = *head;
    hint.base_bytes = parent->bytes;
  }
  Bytes bytes = objects::encode_commit(commit);
  const CommitId id(sink.put(ObjectType::kCommit, bytes, hint));

  if (!packed) group.add_staged(request.staging->loose());
  group.batch.moves.push_back({request.branch, head, id, request.options->reason});
  if (request.draft != nullptr) {
    group.batch.ends_draft = true;
    group.batch.draft_expected = *request.draft;
  }
  group.outcomes.push_back(id);
  group.sequence = commit.sequence;
  last_clock_ = clock;
  group.heads.insert_or_assign(request.branch, id);
  group.newest = std::make_shared<const Head>(
      Head{id, ObjectType::kCommit, std::move(bytes), commit.tree, {id}, clock});
  group.made.emplace(id, group.newest);
}

}  // namespace isodb::repo
