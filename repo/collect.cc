#include <filesystem>
#include <optional>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "repo/commit_walk.h"
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
    const std::uint64_t objects_after = object_count(state_->store->statistics());
    result.objects_dropped = objects_before > objects_after ? objects_before - objects_after : 0;
    result.bytes_after = bytes_on_disk(*state_);
    return result;
  }
  throw Error(ErrorCode::kBusy, "others kept writing while the objects in use were counted",
              "run it again when fewer commits are made");
}

}  // namespace isodb
