#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "repo/commit_walk.h"
#include "repo/history_index.h"
#include "repo/kept_objects.h"
#include "repo/merging.h"
#include "repo/reachable.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb {
namespace {

std::uint64_t bytes_on_disk(RepositoryState& state) {
  return state.store->statistics().pack_bytes + state.database->file_bytes();
}

std::uint64_t object_count(const refs::LocalStore::Statistics& statistics) {
  return statistics.loose_objects + statistics.packed_objects;
}

/// What one device brought before its line broke stays under incoming/ until that device comes
/// again. Where others have brought the same since, it need not.
void drop_what_arrived(RepositoryState& state) {
  std::vector<CommitId> heads;
  for (const refs::Ref& branch : state.database->refs("heads/")) {
    const std::vector<CommitId>& commits = state.head(branch.target)->commits;
    heads.insert(heads.end(), commits.begin(), commits.end());
  }
  std::map<std::string, bool> is_all_here;  // by device
  refs::WriteBatch batch;
  for (const refs::Ref& ref : state.database->refs("incoming/")) {
    const std::string device = ref.name.substr(0, ref.name.rfind('/'));
    const bool is_here = state.merging->in_past(CommitId(ref.target), heads);
    const auto [known, is_first] = is_all_here.emplace(device, is_here);
    if (!is_first) known->second = known->second && is_here;
    if (is_here) batch.moves.push_back({ref.name, ref.target, std::nullopt, "gc: it arrived"});
  }
  for (const auto& [device, is_here] : is_all_here) {
    const std::string name = device.substr(device.rfind('/') + 1);
    if (is_here)
      batch.settings.emplace_back(std::string(repo::kSettingIncomingPrefix) + name, std::nullopt);
  }
  if (batch.moves.empty()) return;
  batch.writer = state.public_key().fingerprint();
  batch.at_millis = state.environment.now_millis();
  state.database->write(batch);  // where a device is just coming again, another time
}

}  // namespace

Repository::Statistics Repository::statistics() const {
  Statistics result;
  const Snapshot head = snapshot();
  result.documents = head.count();
  std::optional<repo::HeldScope> held;
  if (Scope scope = this->scope(); !scope.is_whole()) held.emplace(*state_, std::move(scope));
  for (DocumentCursor cursor = head.documents(); cursor.valid(); cursor.next()) {
    const Entry entry = cursor.entry();
    result.document_bytes += entry.size;
    if (held && !held->surely_covers(cursor.path(), entry.stamp) &&
        !state_->store->contains(entry.content)) {
      ++result.documents_not_held;
    }
  }
  repo::CommitWalk walk(*state_, head.heads());
  while (walk.next()) ++result.commits;
  const refs::LocalStore::Statistics store = state_->store->statistics();
  result.loose_objects = store.loose_objects;
  result.loose_bytes = store.loose_bytes;
  result.packs = store.packs;
  result.packed_objects = store.packed_objects;
  result.pack_bytes = store.pack_bytes;
  result.database_bytes = state_->database->file_bytes();
  return result;
}

Repository::Collected Repository::collect(const ProgressFunction& progress) {
  // Every commit of somebody else beside the marking makes it worthless; a repository that never
  // rests is collected another time.
  constexpr int kAttempts = 10;
  Collected result;
  drop_what_arrived(*state_);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t transactions = state_->database->transactions();
    state_->store->refresh();
    const std::uint64_t objects_before = object_count(state_->store->statistics());
    result.bytes_before = bytes_on_disk(*state_);
    std::vector<Id> keep;
    repo::Reachable(*state_).visit_all([&](const Id& id, ObjectType) {
      keep.push_back(id);
      if (progress) progress({"objects", keep.size(), objects_before});
    });
    if (!state_->store->repack(keep, transactions)) continue;
    state_->database->shrink();
    state_->history->discard_if_collected();
    const std::uint64_t objects_after = object_count(state_->store->statistics());
    result.objects_dropped = objects_before > objects_after ? objects_before - objects_after : 0;
    result.bytes_after = bytes_on_disk(*state_);
    return result;
  }
  throw Error(ErrorCode::kBusy, "others kept writing while the objects in use were counted",
              "run it again when fewer commits are made");
}

}  // namespace isodb
