#include <string>

#include "core/varint.h"
#include "objects/content.h"
#include "objects/list_format.h"

namespace isodb::objects {

Bytes encode_list(std::uint8_t level, const std::vector<ListItem>& items) {
  Bytes out;
  out.reserve(4 + items.size() * (Id::kSize + 4));
  core::put_u8(out, kListVersion);
  core::put_u8(out, level);
  core::put_varint(out, items.size());
  for (const ListItem& item : items) {
    out.append(item.id.bytes());
    core::put_varint(out, item.size);
  }
  return out;
}

List decode_list(ByteView payload) {
  core::ByteReader reader(payload, "list");
  List list;
  if (reader.u8() != kListVersion) reader.fail("unknown version");
  list.level = reader.u8();
  if (list.level > kListLevelMax) reader.fail("level out of range");
  const std::uint64_t count = reader.varint();
  if (count == 0 || count > kListItemsMax) reader.fail("item count out of range");
  list.items.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    ListItem item;
    item.id = reader.id();
    item.size = reader.varint();
    if (item.size == 0) reader.fail("empty item");
    if (list.level == 0 && item.size > kChunkBytesMax) reader.fail("chunk too large");
    if (list.level == 0 && item.size < kChunkBytesMin && i + 1 < count) {
      reader.fail("chunk too small");
    }
    if (item.size > kDocumentBytesMax - list.size) reader.fail("sizes add up to too much");
    list.size += item.size;
    list.items.push_back(item);
  }
  reader.expect_end();
  return list;
}

}  // namespace isodb::objects
