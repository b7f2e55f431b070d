#pragma once

#include <cstdint>

#include "core/compress.h"
#include "objects/plain_cache.h"
#include "objects/record.h"
#include "objects/source.h"

namespace isodb::objects {

/// Where the records of one file are read from: a finished pack, or one that is being written.
class RecordSpace {
 public:
  virtual ~RecordSpace() = default;
  /// `count` bytes from `offset` on, both within begin() and end(); valid as long as `scratch` is.
  virtual ByteView view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const = 0;
  virtual std::uint64_t begin() const = 0;
  virtual std::uint64_t end() const = 0;
  /// Null when there is none.
  virtual const core::Dictionary* dictionary() const = 0;
  /// Whether view() is free of cost, so that a long one is as good as a short one.
  virtual bool mapped() const = 0;
};

/// The header of the record at `offset`, whose data lies within the space. Error(kCorrupt).
RecordHeader load_header(const RecordSpace& space, std::uint64_t offset);

/// Where the base of a kDeltaNear record at `offset` begins. Error(kCorrupt).
std::uint64_t base_offset(const RecordSpace& space, std::uint64_t offset,
                          const RecordHeader& header);

/// What a kDictionary record holds.
struct PackedFrame {
  ObjectType type = ObjectType::kBlob;
  std::uint64_t plain_bytes = 0;
  Bytes frame;
};
/// nullopt for a record of another encoding. Error(kCorrupt).
std::optional<PackedFrame> read_frame(const RecordSpace& space, std::uint64_t offset);

/// Rebuilds the object at `offset`; bases named by id come from `others`. Results and bases of
/// deltas are kept in `cache` under the number `file`. Error(kCorrupt).
Object read_object(const RecordSpace& space, std::uint64_t offset, const ObjectSource& others,
                   PlainCache& cache, std::uint64_t file);
/// The same without a copy of what is in the cache.
ObjectPtr read_shared_object(const RecordSpace& space, std::uint64_t offset,
                             const ObjectSource& others, PlainCache& cache, std::uint64_t file);

}  // namespace isodb::objects
