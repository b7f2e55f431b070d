#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/varint.h"
#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::wire {

/// What several frames are made of, read front to back: each read refuses what is not exactly so
/// (core::ByteReader).
class FieldReader : public core::ByteReader {
 public:
  using core::ByteReader::ByteReader;

  /// 0 or 1.
  bool flag();
  /// A list's number of items, each of at least `item_bytes`.
  std::size_t count(std::size_t max, std::size_t item_bytes);
  ByteView text(std::size_t bytes_max);
  /// Sorted, none twice.
  template <typename IdType>
  std::vector<IdType> ids(std::size_t max);
  template <std::size_t kBytes>
  std::array<std::uint8_t, kBytes> fixed();
};

void put_text(Bytes& out, ByteView text);
/// At most `bytes_max` of the text, cut where a character begins if it is UTF-8.
ByteView cut_text(ByteView text, std::size_t bytes_max);
std::size_t varint_bytes(std::uint64_t value);
template <typename IdType>
void put_ids(Bytes& out, const std::vector<IdType>& ids);
template <std::size_t kBytes>
void put_fixed(Bytes& out, const std::array<std::uint8_t, kBytes>& bytes);

template <typename Items>
bool is_strictly_sorted(const Items& items) {
  return std::adjacent_find(items.begin(), items.end(),
                            [](const auto& a, const auto& b) { return !(a < b); }) == items.end();
}

template <typename IdType>
std::vector<IdType> FieldReader::ids(std::size_t max) {
  std::vector<IdType> ids(count(max, Id::kSize));
  for (IdType& next : ids) next = IdType(id());
  if (!is_strictly_sorted(ids)) fail("ids are not sorted, or one stands twice,");
  return ids;
}

template <std::size_t kBytes>
std::array<std::uint8_t, kBytes> FieldReader::fixed() {
  std::array<std::uint8_t, kBytes> out;
  const ByteView raw = bytes(kBytes);
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

template <typename IdType>
void put_ids(Bytes& out, const std::vector<IdType>& ids) {
  core::put_varint(out, ids.size());
  for (const IdType& id : ids) out += id.bytes();
}

template <std::size_t kBytes>
void put_fixed(Bytes& out, const std::array<std::uint8_t, kBytes>& bytes) {
  out.append(bytes.begin(), bytes.end());
}

}  // namespace isodb::wire
