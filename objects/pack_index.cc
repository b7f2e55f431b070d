#include "objects/pack_index.h"

#include <algorithm>
#include <cstring>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"

namespace isodb::objects {
namespace {

// The bucket's number is the seed, so that no bucket can stand in another's place.
std::uint32_t bucket_checksum(std::uint64_t number, ByteView bucket) {
  return static_cast<std::uint32_t>(core::xxh3(bucket, number));
}

[[noreturn]] void fail(std::uint64_t bucket, const char* problem) {
  throw Error(ErrorCode::kCorrupt, "index bucket " + std::to_string(bucket) + ": " + problem);
}

}  // namespace

PackIndex::PackIndex(const PackBytes& bytes, const PackFooter& footer)
    : bytes_(bytes), footer_(footer), bits_(fan_out_bits(footer.objects)) {}

PackIndex::Bucket PackIndex::bucket(std::uint64_t number, Bytes& scratch) const {
  // The entry before tells where the bucket begins.
  const std::uint64_t entries = number == 0 ? 1 : 2;
  const std::uint64_t at = footer_.index_offset + (number + 1 - entries) * kFanOutEntryBytes;
  const ByteView fan_out = bytes_.view(at, entries * kFanOutEntryBytes, scratch);
  const char* own = fan_out.data() + (entries - 1) * kFanOutEntryBytes;
  const std::uint64_t begin = number == 0 ? 0 : core::load_u32(fan_out.data());
  const std::uint64_t end = core::load_u32(own);
  const std::uint32_t checksum = core::load_u32(own + 4);
  if (begin > end || end > footer_.objects) fail(number, "impossible count");
  const std::uint64_t table = (std::uint64_t{1} << bits_) * kFanOutEntryBytes;
  Bucket bucket;
  bucket.count = static_cast<std::size_t>(end - begin);
  const ByteView all = bytes_.view(footer_.index_offset + table + begin * kIndexEntryBytes,
                                   bucket.count * kIndexEntryBytes, scratch);
  if (bucket_checksum(number, all) != checksum) fail(number, "wrong checksum");
  bucket.ids = all.substr(0, bucket.count * Id::kSize);
  bucket.offsets = all.substr(bucket.count * Id::kSize);
  return bucket;
}

std::optional<std::uint64_t> PackIndex::find(const Id& id) const {
  Bytes scratch;
  const Bucket bucket = this->bucket(bucket_of(id, bits_), scratch);
  std::size_t low = 0, high = bucket.count;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const int order = std::memcmp(bucket.ids.data() + middle * Id::kSize, id.data(), Id::kSize);
    if (order == 0) return load_pack_offset(bucket.offsets.data() + middle * kOffsetBytes);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

void PackIndex::for_range(const Id& first, const Id& last,
                          const std::function<bool(const Id&, std::uint64_t offset)>& visit) const {
  Bytes scratch;
  const std::uint64_t bucket_last = bucket_of(last, bits_);
  for (std::uint64_t number = bucket_of(first, bits_); number <= bucket_last; ++number) {
    const Bucket bucket = this->bucket(number, scratch);
    for (std::size_t i = 0; i < bucket.count; ++i) {
      const Id id = Id::from_bytes(bucket.ids.substr(i * Id::kSize, Id::kSize));
      if (id < first) continue;
      if (id > last) return;
      if (!visit(id, load_pack_offset(bucket.offsets.data() + i * kOffsetBytes))) return;
    }
  }
}

void write_index(std::span<IndexedObject> objects, const std::function<void(ByteView)>& append) {
  std::sort(objects.begin(), objects.end(), [](const IndexedObject& a, const IndexedObject& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : a.entry->id < b.entry->id;
  });
  const unsigned bits = fan_out_bits(objects.size());
  const std::uint64_t buckets = std::uint64_t{1} << bits;
  const auto bucket_end = [&](std::uint64_t number, std::size_t begin) {
    while (begin < objects.size() && bucket_of(objects[begin].entry->id, bits) == number) ++begin;
    return begin;
  };
  const auto bucket_bytes = [&](Bytes& out, std::size_t begin, std::size_t end) {
    out.clear();
    for (std::size_t i = begin; i < end; ++i) out.append(objects[i].entry->id.bytes());
    for (std::size_t i = begin; i < end; ++i) put_offset(out, objects[i].entry->offset());
  };
  Bytes bucket, fan_out;
  for (std::uint64_t number = 0, begin = 0; number < buckets; ++number) {
    const std::size_t end = bucket_end(number, begin);
    bucket_bytes(bucket, begin, end);
    core::put_u32(fan_out, static_cast<std::uint32_t>(end));
    core::put_u32(fan_out, bucket_checksum(number, bucket));
    begin = end;
  }
  append(fan_out);
  for (std::uint64_t number = 0, begin = 0; number < buckets; ++number) {
    const std::size_t end = bucket_end(number, begin);
    bucket_bytes(bucket, begin, end);
    append(bucket);
    begin = end;
  }
}

}  // namespace isodb::objects
