#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "isodb/id.h"
#include "objects/pack_bytes.h"
#include "objects/pack_entries.h"
#include "objects/pack_format.h"

namespace isodb::objects {

/// Finds offsets in a pack's index: a fan-out table of buckets, each with its ids sorted and then
/// their offsets, and each with a checksum, so that a look-up reads and trusts one bucket. Borrows
/// the bytes. Immutable; thread-safe.
class PackIndex {
 public:
  PackIndex(const PackBytes& bytes, const PackFooter& footer);

  std::optional<std::uint64_t> find(const Id& id) const;
  /// What find() touches first, and what it touches then: whoever looks for many ids has all of
  /// them fetched at the same time.
  void prefetch_fan_out(const Id& id) const;
  void prefetch_bucket(const Id& id) const;
  /// Ids in [first, last], in order, until `visit` returns false.
  void for_range(const Id& first, const Id& last,
                 const std::function<bool(const Id&, std::uint64_t offset)>& visit) const;

 private:
  struct Bucket {
    std::size_t count = 0;
    ByteView ids, offsets;
  };
  Bucket bucket(std::uint64_t number, Bytes& scratch) const;

  const PackBytes& bytes_;
  const PackFooter footer_;
  const unsigned bits_;
};

/// One object on its way into an index: the id's front beside the pointer makes sorting fast.
struct IndexedObject {
  std::uint64_t prefix;
  const PackEntry* entry;
};

/// Hands the index of `objects`, in whatever order, to `append` in pieces.
void write_index(std::span<const IndexedObject> objects,
                 const std::function<void(ByteView)>& append);

}  // namespace isodb::objects
