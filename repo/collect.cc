#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "isodb/repository.h"
#include "repo/care.h"
#include "repo/commit_walk.h"
#include "repo/erase_removal.h"
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
  const merge::ErasedPtr erased = state_->erasures->now();
  for (DocumentCursor cursor = head.documents(); cursor.valid(); cursor.next()) {
    const Entry entry = cursor.entry();
    result.document_bytes += entry.size;
    if (!cursor.path().starts_with(kGovernedPrefix) && erased->has(entry.content)) {
      ++result.documents_erased;
      continue;
    }
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
  return collect(CollectOptions(), progress);
}

Repository::Collected Repository::collect(const CollectOptions& options,
                                          const ProgressFunction& progress) {
  // A commit waits for that while others write.
  constexpr std::int64_t kShrinkBytesBeside = 2 << 20;
  constexpr std::int64_t kShrinkBytesAlone = 64 << 20;
  Collected result;
  if (repo::removal_is_due(*state_)) repo::remove_erased_bytes(*state_, progress);
  result.bytes_before = bytes_on_disk(*state_);
  const std::uint64_t objects_before = object_count(state_->store->statistics());
  repo::CareOptions care;
  care.forget_before = repo::expiry_time(*state_);
  if (options.expire_now) care.forget_before = INT64_MAX;
  care.collect.lock_wait = std::chrono::milliseconds(state_->options.busy_millis);
  if (progress) {
    care.count = [&](std::uint64_t done) { progress({"objects", done, objects_before}); };
  }
  const repo::Cared cared = repo::care_for(*state_, care);
  const bool is_alone = cared.collected.rounds <= 2;
  state_->database->shrink(is_alone ? kShrinkBytesAlone : kShrinkBytesBeside);
  result.moves_forgotten = cared.moves_forgotten;
  result.objects_dropped = cared.collected.objects_dropped;
  result.bytes_after = bytes_on_disk(*state_);
  result.held_micros = static_cast<std::uint64_t>(cared.collected.held.count());
  return result;
}

}  // namespace isodb
