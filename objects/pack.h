#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/compress.h"
#include "core/file.h"
#include "isodb/id.h"
#include "objects/source.h"

namespace isodb::objects {

/// What is known of a finished pack.
struct PackInfo {
  std::string name;         ///< file name in the packs folder: "<32 hex>.pack", from its checksum
  std::uint64_t bytes = 0;  ///< of the whole file
  std::uint64_t objects = 0;
};

/// What a record says of itself, without reading the payload.
struct RecordSummary {
  ObjectType type = ObjectType::kBlob;
  std::uint64_t plain_bytes = 0;   ///< of the payload
  std::uint64_t record_bytes = 0;  ///< of the whole record
  unsigned depth = 0;              ///< 0 for one that stands by itself
  std::optional<Id> base;          ///< the object that it is a delta to, where it is named by id
  std::optional<std::uint64_t> base_offset;  ///< in a pack: of the record that it is a delta to
};

/// A blob as it lies in a pack, packed with the pack's dictionary.
struct PackedBlob {
  std::uint64_t plain_bytes = 0;
  Bytes frame;
  std::shared_ptr<const core::Dictionary> dictionary;
};

/// Reads one pack through a mapping, or with read_at where `mapped` is refused. Immutable;
/// thread-safe. All bytes are checked before they are believed: Error(kCorrupt) names the file and
/// the offset.
class Pack {
 public:
  enum class Access { kMapped, kRead };
  /// `bytes_expected` is the registered size: a file of another size is corrupt.
  Pack(core::FileSystem& files, const std::filesystem::path& path, std::uint64_t bytes_expected,
       Access access = Access::kMapped);
  ~Pack();

  std::uint64_t object_count() const;
  const std::string& name() const;
  /// Offset of the object's record. One probe: the fan-out narrows to a few ids.
  std::optional<std::uint64_t> find(const Id& id) const;
  /// The same for many, at the same indexes, where `offsets` has nothing yet. Memory is fetched for
  /// some of them at once, and for their records: that is most of what finding and reading costs.
  void find_many(std::span<const Id> ids, std::span<std::optional<std::uint64_t>> offsets) const;
  /// The object at an offset that find() gave. Bases that are not in this pack come from `others`.
  Object read(std::uint64_t offset, const ObjectSource& others) const;
  /// nullptr where it has none.
  std::shared_ptr<const core::Dictionary> dictionary() const;
  /// The blob at an offset, where it is packed with the dictionary and that is not private; else
  /// nullopt. What it unpacks to is not looked at.
  std::optional<PackedBlob> packed_blob(std::uint64_t offset) const;
  /// What the record at an offset says of itself, without reading the payload.
  RecordSummary summary(std::uint64_t offset) const;
  std::pair<ObjectType, std::uint64_t> header(std::uint64_t offset) const;
  std::uint64_t record_bytes(std::uint64_t offset) const;
  /// Every object in record order (the order in which it was written).
  void for_each(const std::function<void(const Id&, std::uint64_t offset)>& visit) const;
  /// Ids that begin with these hexadecimal digits, at most `limit`.
  std::vector<Id> with_prefix(std::string_view hex_digits, std::size_t limit) const;
  /// Checks the footer's checksum over the whole file. fsck.
  void check_file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes one pack, streaming: memory for 50 bytes an object and a few buffers. What was put can be
/// read at once; so can what `existing` holds, which is not written again. Nothing is visible
/// to others until finish() and registration; destroyed unfinished, it removes its temporary file.
/// One thread at a time (compression may use a thread inside, which reads bases from `existing`).
/// The file's content depends on what was put and in which order alone. An error while compressing
/// or writing shows at a later put() or at finish(); the writer is of no use after one.
class PackWriter : public ObjectStore {
 public:
  struct Options {
    int level = 1;                             ///< zstd level of what stands by itself: 3 takes 7 %
                                               ///< less room and a fifth more time
    int delta_level = 7;                       ///< zstd level of deltas
    std::size_t dictionary_bytes = 64 * 1024;  ///< at most; 0: no dictionary
    std::size_t sample_bytes = 4 * 1024 * 1024;  ///< buffered to train the dictionary on
    /// It is trained on drafts and what else nobody was sent, too: packed_blob() gives nothing that
    /// was packed with it.
    bool is_private = false;
    /// Another pack's, of the same kind of documents, taken instead of a new one; or nullptr.
    std::shared_ptr<const core::Dictionary> dictionary;
    unsigned delta_depth_max = 24;  ///< records to read, at most, for one object
    unsigned threads = 2;           ///< compressing side by side with the caller; 1: in the caller
    /// Synced each time that so many bytes came to the file, so that nobody else's sync has to wait
    /// for a whole pack; 0: at the end.
    std::uint64_t sync_bytes = 0;
  };
  PackWriter(core::FileSystem& files, const std::filesystem::path& folder,
             const ObjectSource* existing, Options options);
  PackWriter(core::FileSystem& files, const std::filesystem::path& folder,
             const ObjectSource* existing)
      : PackWriter(files, folder, existing, Options{}) {}
  ~PackWriter() override;

  Id put(ObjectType type, ByteView payload, const PutHint& hint = {}) override;
  std::optional<Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;

  /// Packs with this one, where no other was chosen so far: nothing is trained then.
  void offer_dictionary(const std::shared_ptr<const core::Dictionary>& offered);

  std::uint64_t object_count() const;
  /// nullptr where there is none, or none yet.
  std::shared_ptr<const core::Dictionary> dictionary() const;
  /// Of records; what is not compressed yet does not count.
  std::uint64_t bytes_written() const;

  /// Writes index and footer, syncs, renames, syncs the folder. nullopt (and no file) when nothing
  /// was put. Once, as the last call.
  std::optional<PackInfo> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Removes temporary packs whose builder is gone (their lock can be taken).
void remove_stale_temporaries(core::FileSystem& files, const std::filesystem::path& folder);

/// No chain of deltas is longer, whatever a writer's options say: a reader takes more for a loop.
inline constexpr unsigned kDeltaDepthLimit = 64;

/// Whether a loose row holds such an object as it is, with its base only named for the pack that it
/// soon goes to: a commit need not wait for zstd, nor for reading the base. Nodes gain too much by
/// deltas for that.
bool is_stored_after(ObjectType type, std::uint64_t payload_bytes);

/// One record by itself, as loose rows hold them: no dictionary, bases named by id. `base` is the
/// object that hint.base names, with its depth() in the source it came from, or null; it is not
/// needed where is_stored_after(). Appends to `out`; returns the record's size.
std::size_t append_record(Bytes& out, ObjectType type, ByteView payload, const PutHint& hint,
                          const Object* base, unsigned base_depth, unsigned delta_depth_max);
/// Reads the record that append_record() wrote at the beginning of `records`; what follows it is
/// not looked at. Error(kCorrupt) when it is damaged or its base is missing from `others`.
Object read_record(ByteView records, const ObjectSource& others);
RecordSummary summarize_record(ByteView records);
unsigned record_depth(ByteView records);

}  // namespace isodb::objects
