#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "objects/source.h"
#include "refs/database.h"
#include "repo/staging.h"
#include "repo/state.h"

namespace isodb::sync {

/// What a session has received and not made durable yet, on top of what the repository holds. Stays
/// the same object from one write to the next. Borrows the repository. One thread at a time.
class IncomingStore : public objects::ObjectStore {
 public:
  explicit IncomingStore(RepositoryState& repository);

  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override {
    return staging_->put(type, payload, hint);
  }
  std::optional<objects::Object> get(const Id& id) const override { return staging_->get(id); }
  bool contains(const Id& id) const override { return staging_->contains(id); }
  unsigned depth(const Id& id) const override { return staging_->depth(id); }

  /// Frames come that are packed with this dictionary: as soon as may be, packs are made with it,
  /// too, and hold them as they came. Error(kCorrupt) for one that cannot be used.
  void begin_frames(Bytes dictionary);
  /// None come until begin_frames().
  void end_frames() { frame_dictionary_.reset(); }
  /// nullptr where none can come.
  const core::Dictionary* frame_dictionary() const { return frame_dictionary_.get(); }
  /// Is it worth another pack that frames need not be packed anew?
  bool is_pack_of_another_dictionary() const;

  /// How many objects wait in a pack; 0 while they are few enough to become a loose row.
  std::uint64_t packed_objects() const { return staging_->packed_objects(); }

  /// Of all that was put since this was made, about: what it takes on disk.
  std::uint64_t stored_bytes() const { return written_bytes_ + staging_->packed_bytes(); }
  /// What was put since the last write() is not here any more.
  void drop() { begin_staging(); }

  /// Makes all that was put durable together with the batch; nothing when the batch loses a swap,
  /// which is returned. Error(kStale) when the repository was collected since the last write, or a
  /// setting that the batch expects is another.
  std::optional<refs::LostSwap> write(refs::WriteBatch batch);

 private:
  void begin_staging();

  RepositoryState& repository_;
  std::unique_ptr<repo::Staging> staging_;
  std::shared_ptr<const core::Dictionary> dictionary_;  // of the last pack
  std::shared_ptr<const core::Dictionary> frame_dictionary_;
  int packs_with_it_ = 0;
  std::uint64_t written_bytes_ = 0;  // by write()
};

}  // namespace isodb::sync
