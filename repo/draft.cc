#include <algorithm>
#include <map>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "objects/node.h"
#include "objects/tree.h"
#include "repo/state.h"
#include "repo/transaction_impl.h"

namespace isodb {
namespace {

/// A staged entry lies in the draft as a leaf of its own: the tree's encoding, and its checks,
/// once.
Bytes encode_staged(std::string_view path, const Entry& entry) {
  return objects::encode_leaf({&path, 1}, {&entry, 1});
}

std::optional<Entry> decode_staged(const refs::DraftChange& change) {
  if (!change.entry) return std::nullopt;
  const objects::Node leaf(*change.entry);
  if (leaf.level() != 0 || leaf.size() != 1 || leaf.key(0) != change.path) {
    throw Error(ErrorCode::kCorrupt, "the draft's change of '" + change.path + "' is damaged",
                "isodb rollback drops the draft");
  }
  return leaf.entry(0);
}

/// Where a collection ran meanwhile and dropped nothing that is relied on, all the same.
template <typename TransactionImpl>
void stage(TransactionImpl& impl, const std::vector<refs::DraftChange>& changes,
           const std::vector<refs::LooseRow>& loose) {
  std::uint64_t generation = impl.staging->generation();
  for (;;) {
    try {
      impl.state->database->stage(changes, loose, generation);
      return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kStale) throw;
      impl.state->store->refresh();
      const std::uint64_t now = impl.state->store->collection_generation();
      const auto is_here = [&](const repo::StagedChanges::Change* change) {
        return change->removed || impl.staging->contains(change->content);
      };
      const bool is_intact =
          impl.staging->is_intact() && std::ranges::all_of(impl.changes.sorted(), is_here);
      if (now == generation || !is_intact) throw;
      generation = now;
    }
  }
}

refs::Database::Draft open_draft(RepositoryState& state) {
  if (std::optional<refs::Database::Draft> draft = state.database->draft()) {
    return std::move(*draft);
  }
  throw Error(ErrorCode::kNotFound, "no draft is open", "isodb begin opens one");
}

}  // namespace

std::optional<Repository::DraftInfo> Repository::draft() const {
  const std::optional<refs::Database::Draft> stored = state_->database->draft();
  if (!stored) return std::nullopt;
  DraftInfo info;
  info.branch = stored->branch;
  TreeId base = objects::empty_tree_id();
  if (stored->base) {
    info.base = *stored->base;
    base = state_->head(*info.base)->tree;
  }
  for (const refs::DraftChange& change : stored->changes) {
    info.changes.push_back({change.path, objects::find_entry(state_->nodes(), base, change.path),
                            decode_staged(change)});
  }
  return info;
}

void Repository::begin_draft() {
  if (state_->database->draft()) {
    throw Error(ErrorCode::kInvalid, "a draft is open already",
                "isodb commit or isodb rollback ends it");
  }
  const std::string branch = current_branch();
  state_->database->begin_draft(branch, ref(branch));
}

Transaction Repository::draft_transaction() {
  const refs::Database::Draft stored = open_draft(*state_);
  state_->erasures->now();  // which writing is held against
  auto impl = std::make_unique<Transaction::Impl>(
      state_, stored.branch,
      stored.base ? snapshot_of(*stored.base) : state_->snapshot_of_tree(objects::empty_tree_id()));
  impl->draft = stored.changes;
  for (const refs::DraftChange& change : stored.changes) {
    if (const std::optional<Entry> entry = decode_staged(change)) {
      impl->changes.put(change.path, *entry);
    } else {
      impl->changes.remove(change.path);
    }
  }
  return Transaction(std::move(impl));
}

void Repository::save_draft(Transaction& transaction) {
  Transaction::Impl& impl = *transaction.impl_;
  impl.check_no_erased();
  // Only what this transaction changed itself: others may have staged something meanwhile.
  std::map<std::string, std::optional<Bytes>> known;
  if (impl.draft) {
    for (const refs::DraftChange& change : *impl.draft) known.emplace(change.path, change.entry);
  }
  std::vector<refs::DraftChange> staged, changes;
  for (const repo::StagedChanges::Change* change : impl.changes.sorted()) {
    refs::DraftChange& now = staged.emplace_back();
    now.path = change->path;
    if (const std::optional<Entry> entry = impl.changes.entry(*change)) {
      now.entry = encode_staged(change->path, *entry);
    }
    const auto before = known.find(now.path);
    if (before == known.end() || before->second != now.entry) changes.push_back(now);
    if (before != known.end()) known.erase(before);
  }
  if (impl.staging->is_packed()) {
    refs::WriteBatch batch;
    batch.collection_generation = impl.staging->generation();
    if (std::optional<objects::PackInfo> pack = impl.staging->finish_pack()) {
      batch.packs_added.push_back(*pack);
    }
    if (state_->database->write(batch).lost) {
      throw Error(ErrorCode::kStale, "a collection ran meanwhile", "stage the changes again");
    }
  }
  std::vector<refs::LooseRow> loose;
  if (!impl.staging->loose().empty()) loose.push_back(impl.staging->loose().row());
  std::vector<std::string> taken_back;
  for (const auto& [path, entry] : known) taken_back.push_back(path);
  stage(impl, changes, loose);
  impl.staging->loose().take();
  if (!taken_back.empty()) state_->database->unstage(taken_back);
  if (impl.draft) impl.draft = std::move(staged);
  state_->store->refresh();
}

std::variant<CommitId, Stale> Repository::commit_draft(const CommitOptions& options) {
  Transaction transaction = draft_transaction();
  return transaction.commit(options);
}

void Repository::drop_draft() {
  open_draft(*state_);
  state_->database->end_draft();
}

}  // namespace isodb
