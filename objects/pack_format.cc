#include "objects/pack_format.h"

#include "core/hash.h"
#include "core/varint.h"

namespace isodb::objects {
namespace {

// Tells a whole footer from other bytes before its checksum is looked at.
constexpr std::uint64_t kFooterSeed = 0x69736f64622d7061;  // "isodb-pa"

}  // namespace

Bytes encode_footer(const PackFooter& footer) {
  Bytes out;
  core::put_u64(out, footer.objects);
  core::put_u64(out, footer.dictionary_offset);
  core::put_u64(out, footer.index_offset);
  core::put_u64(out, footer.dictionary_checksum);
  core::put_u64(out, footer.file_checksum);
  core::put_u64(out, core::xxh3(out, kFooterSeed));
  out.append(kPackMagic);
  return out;
}

PackFooter decode_footer(ByteView bytes, std::uint64_t file_bytes) {
  core::ByteReader reader(bytes, "pack footer");
  PackFooter footer;
  footer.objects = reader.u64();
  footer.dictionary_offset = reader.u64();
  footer.index_offset = reader.u64();
  footer.dictionary_checksum = reader.u64();
  footer.file_checksum = reader.u64();
  const std::uint64_t expected = core::xxh3(bytes.substr(0, reader.offset()), kFooterSeed);
  if (reader.u64() != expected) reader.fail("wrong checksum");
  if (reader.bytes(kPackMagic.size()) != kPackMagic) reader.fail("no pack ends like this");
  reader.expect_end();
  if (footer.objects == 0 || footer.objects > kPackObjectsMax) reader.fail("impossible count");
  if (footer.dictionary_offset < kPackHeaderBytes ||
      footer.dictionary_offset > footer.index_offset || footer.index_offset > file_bytes ||
      file_bytes - footer.index_offset != footer.index_bytes() + kPackFooterBytes) {
    reader.fail("its offsets do not fit the file");
  }
  return footer;
}

void ChainedChecksum::add(ByteView data) {
  for (; !data.empty(); data.remove_prefix(std::min(data.size(), kBlockBytes))) {
    value_ = core::xxh3(data.substr(0, kBlockBytes), value_);
  }
}

std::string pack_name(const Id& digest) {
  constexpr std::size_t kDigits = 32;
  return digest.short_hex(kDigits) + std::string(kPackSuffix);
}

}  // namespace isodb::objects
