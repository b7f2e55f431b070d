#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "isodb/bytes.h"

namespace isodb::objects {

/// Where large documents are cut (docs/format.md, "Blob and list"). The numbers are part of the
/// format: they decide which chunks, and so which ids, a document has.
inline constexpr std::size_t kChunkBytesMin = 16 * 1024;
inline constexpr std::size_t kChunkBytesTarget = 64 * 1024;
inline constexpr std::size_t kChunkBytesMax = 256 * 1024;

/// 256 numbers, one for each byte value: the first eight bytes, little-endian, of
/// SHA-256("isodb gear" ‖ value).
const std::array<std::uint64_t, 256>& gear_table();

/// The length of the first chunk of `rest`, which is the rest of a document, or any part of it from
/// its beginning that is at least kChunkBytesMax long. FastCDC (Xia and others, USENIX ATC 2016)
/// with two thresholds, so that sizes gather round the target.
std::size_t first_chunk_bytes(ByteView rest);

}  // namespace isodb::objects
