#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/compress.h"
#include "objects/pack.h"
#include "objects/pack_entries.h"
#include "objects/pack_output.h"
#include "objects/plain_cache.h"
#include "objects/record.h"

namespace isodb::objects {

/// One object to write.
struct PackItem {
  PackEntry* entry = nullptr;
  const PackEntry* base = nullptr;  ///< in this pack, put before
  std::optional<Id> other_base;     ///< or in another
  ObjectType type = ObjectType::kBlob;
  bool compressed = false;
  std::size_t begin = 0, size = 0;  ///< of the payload, in its batch
  std::size_t packed = 0;  ///< where not 0: there are so many bytes instead, a frame of the payload
};

/// Objects that stand by themselves, packed beforehand: where each one's data lies in `bytes`, at
/// the indexes of the batch's items.
struct PackedItems {
  struct Piece {
    std::size_t begin = 0, size = 0;
    std::optional<Encoding> encoding;  ///< nullopt: the item is not packed yet
  };
  Bytes bytes;
  std::vector<Piece> pieces;
};

/// Turns objects into records, one after the other: chooses the encoding, and for deltas the base.
///
/// A delta to the version just before is the smallest, but it makes a chain one longer, and a chain
/// must end. So versions are numbered from the last one that stands by itself, and the number is
/// taken as three digits: version abc is a delta to the version with its last non-zero digit one
/// lower and zeros behind it unchanged (123 to 122, 120 to 110, 100 to 000). A chain is then never
/// longer than the sum of the digits, and with nine values a digit, 729 versions hang on one whole
/// copy with at most 24 records to read. One thread at a time. Borrows everything.
class PackEncoder {
 public:
  PackEncoder(PackOutput& output, const ObjectSource& existing, const PackWriter::Options& options);
  void set_dictionary(const core::Dictionary* dictionary) { dictionary_ = dictionary; }
  /// Appends the record and notes its place in the entry. `bytes`: of the payload, or its frame.
  void encode(const PackItem& item, ByteView bytes);
  /// The same for one whose data was packed beforehand.
  void encode_packed(const PackItem& item, ByteView payload, Encoding encoding, ByteView data);
  /// Whether pack_alone() can do it before those before it are encoded.
  static bool stands_alone(const PackItem& item);
  /// Appends what encode() would make of one that stands by itself. Any thread.
  Encoding pack_alone(Bytes& out, const PackItem& item, ByteView payload) const;
  /// The object of a record that was written, for any thread.
  Object read(std::uint64_t offset) const;

 private:
  struct Base {
    ObjectPtr object;
    RecordHeader header;  // how the record names it
    unsigned position;    // of the record
  };
  std::optional<Base> find_base(const PackItem& item) const;
  std::optional<Base> base_in_pack(const PackEntry& older) const;
  std::optional<Base> base_elsewhere(const Id& id) const;
  void encode_payload(const PackItem& item, ByteView payload);
  void note_versions(const PackItem& item);
  void keep_as_base(const PackItem& item, ByteView payload);
  bool try_delta(const PackItem& item, ByteView payload);
  void write(const PackItem& item, RecordHeader header, ByteView data, unsigned position);

  PackOutput& output_;
  const ObjectSource& existing_;
  const PackWriter::Options options_;
  const unsigned radix_, versions_max_;
  const core::Dictionary* dictionary_ = nullptr;
  mutable PlainCache cache_;
  std::array<bool, 8> versions_seen_{};  // by type: until then none is worth keeping as a base
  Bytes record_, delta_, plain_;
  Encoding plain_encoding_ = Encoding::kStored;
};

}  // namespace isodb::objects
