#include "objects/chunker.h"

#include <algorithm>

#include "core/hash.h"
#include "core/varint.h"

namespace isodb::objects {
namespace {

// The hash at a byte covers that byte and the 63 before it: each step shifts one byte out at the
// top, so a boundary depends on nothing but the 64 bytes that end there.
constexpr std::size_t kWindowBytes = 64;
// The top bits have seen the most bytes. 18 of them must be zero before the target, 14 after it.
constexpr unsigned kShiftBeforeTarget = 64 - 18;
constexpr unsigned kShiftAfterTarget = 64 - 14;

std::array<std::uint64_t, 256> make_gear_table() {
  std::array<std::uint64_t, 256> table{};
  for (std::size_t value = 0; value < table.size(); ++value) {
    const Bytes seed = Bytes("isodb gear") + static_cast<char>(value);
    const Id digest = core::sha256(seed);
    table[value] = core::load_u64(digest.bytes().data());
  }
  return table;
}

}  // namespace

const std::array<std::uint64_t, 256>& gear_table() {
  static const std::array<std::uint64_t, 256> table = make_gear_table();
  return table;
}

std::size_t first_chunk_bytes(ByteView rest) {
  if (rest.size() <= kChunkBytesMin) return rest.size();
  const auto& gear = gear_table();
  const auto* bytes = reinterpret_cast<const unsigned char*>(rest.data());
  const std::size_t end = std::min(rest.size(), kChunkBytesMax);
  const std::size_t target = std::min(end, kChunkBytesTarget);
  std::uint64_t hash = 0;
  std::size_t i = kChunkBytesMin - kWindowBytes;
  for (; i < kChunkBytesMin - 1; ++i) hash = (hash << 1) + gear[bytes[i]];
  for (; i < target; ++i) {
    hash = (hash << 1) + gear[bytes[i]];
    if (hash >> kShiftBeforeTarget == 0) return i + 1;
  }
  for (; i < end; ++i) {
    hash = (hash << 1) + gear[bytes[i]];
    if (hash >> kShiftAfterTarget == 0) return i + 1;
  }
  return end;
}

}  // namespace isodb::objects
