#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "refs/database.h"

namespace isodb::refs {

/// The item list of a loose row as the database holds it: for each object its id, 32 bytes, and the
/// offset of its record, u32 (docs/storage.md, "The SQLite file").
Bytes encode_items(const std::vector<LooseRow::Item>& items);

/// The inverse; `problem` is set, and the result empty, when the bytes are no item list of a row
/// with so many bytes of records.
std::vector<LooseRow::Item> decode_items(ByteView data, std::uint64_t records_bytes,
                                         std::string& problem);

/// The rule that a row's items break, or "": offsets rise from 0 and stay inside the records.
std::string items_problem(const std::vector<LooseRow::Item>& items, std::uint64_t records_bytes);

}  // namespace isodb::refs
