#include "objects/pack_index.h"

#include <algorithm>
#include <cstring>
#include <vector>

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

void PackIndex::prefetch_fan_out(const Id& id) const {
  bytes_.prefetch(footer_.index_offset + bucket_of(id, bits_) * kFanOutEntryBytes, 1);
}

void PackIndex::prefetch_bucket(const Id& id) const {
  constexpr std::uint64_t kUsualIds = 6;
  if (!bytes_.mapped()) return;
  const std::uint64_t number = bucket_of(id, bits_);
  if (number == 0) return;
  Bytes unused;
  const std::uint64_t before = footer_.index_offset + (number - 1) * kFanOutEntryBytes;
  const std::uint64_t begin = core::load_u32(bytes_.view(before, 4, unused).data());
  const std::uint64_t table = (std::uint64_t{1} << bits_) * kFanOutEntryBytes;
  bytes_.prefetch(footer_.index_offset + table + begin * kIndexEntryBytes,
                  kUsualIds * kIndexEntryBytes);
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

void write_index(std::span<const IndexedObject> objects,
                 const std::function<void(ByteView)>& append) {
  const unsigned bits = fan_out_bits(objects.size());
  const std::size_t buckets = std::size_t{1} << bits;
  const auto bucket_of_prefix = [&](const IndexedObject& object) {
    return bits == 0 ? 0 : static_cast<std::size_t>(object.prefix >> (64 - bits));
  };
  // Buckets are small: to put each object into its own sorts nearly all there is to sort.
  std::vector<std::size_t> ends(buckets + 1);
  for (const IndexedObject& object : objects) ++ends[bucket_of_prefix(object) + 1];
  for (std::size_t i = 1; i <= buckets; ++i) ends[i] += ends[i - 1];
  std::vector<IndexedObject> sorted(objects.size());
  // Moves ends[i] from where bucket i begins to where it ends.
  for (const IndexedObject& object : objects) sorted[ends[bucket_of_prefix(object)]++] = object;
  const auto begin_of = [&](std::size_t number) { return number == 0 ? 0 : ends[number - 1]; };
  const auto bucket_bytes = [&](Bytes& out, std::size_t number) {
    constexpr std::size_t kAhead = 32;  // entries lie all over memory
    out.clear();
    for (std::size_t i = begin_of(number); i < ends[number]; ++i) {
      if (i + kAhead < sorted.size()) __builtin_prefetch(sorted[i + kAhead].entry);
      out.append(sorted[i].entry->id.bytes());
    }
    for (std::size_t i = begin_of(number); i < ends[number]; ++i) {
      put_offset(out, sorted[i].entry->offset());
    }
  };
  Bytes bucket, fan_out;
  for (std::size_t number = 0; number < buckets; ++number) {
    const auto at = [&](std::size_t i) { return sorted.begin() + static_cast<std::ptrdiff_t>(i); };
    std::sort(at(begin_of(number)), at(ends[number]),
              [](const IndexedObject& a, const IndexedObject& b) {
                return a.prefix != b.prefix ? a.prefix < b.prefix : a.entry->id < b.entry->id;
              });
    bucket_bytes(bucket, number);
    core::put_u32(fan_out, static_cast<std::uint32_t>(ends[number]));
    core::put_u32(fan_out, bucket_checksum(number, bucket));
  }
  append(fan_out);
  for (std::size_t number = 0; number < buckets; ++number) {
    bucket_bytes(bucket, number);
    append(bucket);
  }
}

}  // namespace isodb::objects
