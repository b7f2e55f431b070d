#pragma once

#include <memory>
#include <optional>

#include "core/file.h"
#include "objects/pack.h"
#include "objects/source.h"
#include "refs/local_store.h"

namespace isodb::repo {

/// Where a transaction's objects wait for its commit: in memory as a loose row while they are few,
/// in a pack file of their own once they outgrow that. What was put can be read, and so can what
/// the repository holds. One thread at a time. Dropped, it leaves nothing behind.
class Staging : public objects::ObjectStore {
 public:
  static constexpr std::size_t kLooseBytesMax = 4 << 20;  ///< before compression
  /// The same where much came before and more is likely to come.
  static constexpr std::size_t kLooseBytesMaxOfMany = 1 << 20;

  Staging(const refs::LocalStore& store, core::FileSystem& files);
  /// Goes on after one whose pack had this dictionary, with documents of the same kind: with the
  /// same one, for training takes as long as a third of the pack.
  Staging(const refs::LocalStore& store, core::FileSystem& files,
          std::shared_ptr<const core::Dictionary> dictionary);

  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override;
  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;

  /// False when a collection dropped something that was not put because the repository held it:
  /// then the transaction has to be done again. To be asked after LocalStore::refresh().
  bool is_intact() const;
  /// The collection generation in which it began to rely on what the repository held.
  std::uint64_t generation() const { return loose_.collection_generation(); }
  bool is_packed() const { return pack_ != nullptr; }
  std::uint64_t packed_objects() const { return pack_ == nullptr ? 0 : pack_->object_count(); }
  /// In the pack's file, about: what is not compressed yet does not count.
  std::uint64_t packed_bytes() const { return pack_ == nullptr ? 0 : pack_->bytes_written(); }
  /// Packs with this one from now on, where no other was chosen so far.
  void offer_dictionary(std::shared_ptr<const core::Dictionary> dictionary);
  /// Of the pack at hand, or of the last that was finished, where it had one.
  std::shared_ptr<const core::Dictionary> dictionary() const;
  refs::LooseBatch& loose() { return loose_; }
  /// Finishes the pack: durable, but not registered yet. The staging is empty afterwards.
  std::optional<objects::PackInfo> finish_pack();

 private:
  void move_to_pack();

  const refs::LocalStore& store_;
  core::FileSystem& files_;
  refs::LooseBatch loose_;
  std::size_t plain_bytes_ = 0;
  std::shared_ptr<const core::Dictionary> dictionary_;
  bool was_packed_ = false;  // what the pack relies on is not known one by one
  std::unique_ptr<objects::ObjectSource> existing_;  // what the pack need not hold; outlives it
  std::unique_ptr<objects::PackWriter> pack_;
};

}  // namespace isodb::repo
