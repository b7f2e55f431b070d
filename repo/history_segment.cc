#include "repo/history_segment.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"

namespace isodb::repo {
namespace {

constexpr std::string_view kMagic = {"isodbhi\1", 8};
constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kNameSeed = 0x69736f64622d6869;
/// Touches in a bucket, on average.
constexpr std::uint64_t kBucketTouches = 32;
constexpr unsigned kBucketBitsMax = 24;

[[noreturn]] void fail(const char* problem) {
  throw IndexDamaged(problem);
}

/// The block's number is the seed, so that no block can stand in another's place.
std::uint64_t block_checksum(ByteView bytes, std::uint64_t block) {
  return core::xxh3(bytes.substr(block * kBlockBytes, kBlockBytes), block);
}

std::uint64_t blocks_in(std::uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes;
}

std::uint64_t bucket_of(PathKey key, unsigned bits) {
  return std::uint64_t{key} >> (32 - bits);
}
std::uint64_t first_key_of(std::uint64_t bucket, unsigned bits) {
  return bucket << (32 - bits);
}

/// Ids by their first bits, in an open table of number + 1 that is at most two thirds full.
Bytes encode_table(const std::vector<CommitId>& ids, unsigned bits) {
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::vector<std::uint32_t> table(mask + 1);
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    std::uint64_t at = ids[i].prefix64() & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = i + 1;
  }
  Bytes bytes;
  for (const std::uint32_t number : table) core::put_u32(bytes, number);
  return bytes;
}

void put_numbers(Bytes& out, const CommitNumbers& numbers) {
  for (const CommitNumber number : numbers) core::put_u32(out, number);
}

}  // namespace

PathKey path_key(std::string_view path) {
  return static_cast<PathKey>(core::xxh3(path));
}

void SegmentData::append(const SegmentData& next) {
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(ids, next.ids);
  add(clocks, next.clocks);
  add(starts, next.starts);
  add(links, next.links);
  add(wide, next.wide);
  add(touches, next.touches);
}

HistorySegment::Places HistorySegment::places_of(const Header& header) {
  Places places{};
  places.ids = kHeaderBytes;
  places.clocks = places.ids + std::uint64_t{header.commits} * Id::kSize;
  places.table = places.clocks + std::uint64_t{header.commits} * 8;
  places.starts = places.table + (std::uint64_t{4} << header.table_bits);
  places.links = places.starts + std::uint64_t{header.starts} * 4;
  places.wide = places.links + std::uint64_t{header.links} * 8;
  places.buckets = places.wide + std::uint64_t{header.wide} * 4;
  places.touches = places.buckets + ((std::uint64_t{1} << header.bucket_bits) + 1) * 4;
  places.checksums = places.touches + header.touch_bytes;
  return places;
}

Bytes HistorySegment::encode_touches(const SegmentData& data, const Header& header,
                                     Bytes& buckets) {
  const auto& touches = data.touches;
  Bytes all, commits;
  std::uint64_t bucket = 0;
  std::uint64_t before = 0;
  const auto begin_buckets = [&](std::uint64_t through) {
    for (; bucket <= through; ++bucket) {
      if (all.size() > UINT32_MAX) throw Error(ErrorCode::kLimit, "history index: too many paths");
      core::put_u32(buckets, static_cast<std::uint32_t>(all.size()));
      before = first_key_of(bucket, header.bucket_bits);
    }
  };
  for (std::size_t i = 0; i < touches.size();) {
    const PathKey key = touches[i].key;
    begin_buckets(bucket_of(key, header.bucket_bits));
    commits.clear();
    CommitNumber last = data.first;
    for (bool is_first = true; i < touches.size() && touches[i].key == key; ++i) {
      if (!is_first && touches[i].commit == last) continue;
      core::put_varint(commits, touches[i].commit - last);
      last = touches[i].commit;
      is_first = false;
    }
    core::put_varint(all, key - before);
    core::put_varint(all, commits.size());
    all += commits;
    before = key;
  }
  begin_buckets(std::uint64_t{1} << header.bucket_bits);
  return all;
}

Bytes HistorySegment::encode(SegmentData& data, std::uint64_t predecessor) {
  std::sort(data.touches.begin(), data.touches.end());
  Header header;
  header.predecessor = predecessor;
  header.first = data.first;
  header.commits = data.count();
  header.starts = static_cast<std::uint32_t>(data.starts.size());
  header.links = static_cast<std::uint32_t>(data.links.size());
  header.wide = static_cast<std::uint32_t>(data.wide.size());
  header.table_bits =
      static_cast<unsigned>(std::bit_width(std::uint64_t{header.commits} + header.commits / 2));
  header.bucket_bits = std::min(
      kBucketBitsMax, static_cast<unsigned>(std::bit_width(data.touches.size() / kBucketTouches)));
  Bytes buckets;
  const Bytes touches = encode_touches(data, header, buckets);
  header.touch_bytes = touches.size();

  Bytes bytes(kMagic);
  core::put_u64(bytes, header.predecessor);
  for (const std::uint32_t number : {header.first, header.commits, header.starts, header.links,
                                     header.wide, header.table_bits, header.bucket_bits, 0U}) {
    core::put_u32(bytes, number);
  }
  core::put_u64(bytes, header.touch_bytes);
  for (const CommitId& id : data.ids) bytes += id.bytes();
  for (const HybridTime clock : data.clocks) core::put_u64(bytes, clock.value);
  bytes += encode_table(data.ids, header.table_bits);
  put_numbers(bytes, data.starts);
  for (const Ancestry::Link& link : data.links) {
    core::put_u32(bytes, link.child);
    core::put_u32(bytes, link.parent);
  }
  put_numbers(bytes, data.wide);
  bytes += buckets;
  bytes += touches;
  Bytes checksums;
  for (std::uint64_t block = 0; block < blocks_in(bytes.size()); ++block) {
    core::put_u64(checksums, block_checksum(bytes, block));
  }
  core::put_u64(checksums, core::xxh3(checksums, kNameSeed));
  return bytes += checksums;
}

HistorySegment::HistorySegment(Bytes bytes) : owned_(std::move(bytes)), bytes_(owned_) {
  open();
}

HistorySegment::HistorySegment(std::unique_ptr<core::Mapping> mapping)
    : mapping_(std::move(mapping)), bytes_(mapping_->bytes()) {
  open();
}

void HistorySegment::open() {
  if (bytes_.size() < kHeaderBytes + 8 || !bytes_.starts_with(kMagic)) fail("is no segment");
  core::ByteReader reader(bytes_.substr(kMagic.size(), kHeaderBytes - kMagic.size()), "segment");
  header_.predecessor = reader.u64();
  for (std::uint32_t* number : {&header_.first, &header_.commits, &header_.starts, &header_.links,
                                &header_.wide, &header_.table_bits, &header_.bucket_bits}) {
    *number = reader.u32();
  }
  const bool has_rest = reader.u32() != 0;
  header_.touch_bytes = reader.u64();
  if (has_rest || header_.table_bits > 33 || header_.bucket_bits > kBucketBitsMax ||
      header_.touch_bytes > bytes_.size() || header_.first > UINT32_MAX - header_.commits) {
    fail("impossible header");
  }
  places_ = places_of(header_);
  const std::uint64_t blocks = blocks_in(places_.checksums);
  if (places_.checksums + (blocks + 1) * 8 != bytes_.size()) fail("wrong length");
  name_ = core::load_u64(bytes_.data() + bytes_.size() - 8);
  if (core::xxh3(bytes_.substr(places_.checksums, blocks * 8), kNameSeed) != name_) {
    fail("wrong checksum");
  }
  is_checked_ = std::make_unique<std::atomic<bool>[]>(blocks);
  view(0, kHeaderBytes);
}

ByteView HistorySegment::view(std::uint64_t offset, std::uint64_t count) const {
  if (offset > places_.checksums || count > places_.checksums - offset) fail("ends early");
  const ByteView plain = bytes_.substr(0, places_.checksums);
  for (std::uint64_t block = offset / kBlockBytes; block < blocks_in(offset + count); ++block) {
    if (is_checked_[block].load(std::memory_order_relaxed)) continue;
    const char* at = bytes_.data() + places_.checksums + block * 8;
    if (block_checksum(plain, block) != core::load_u64(at)) fail("wrong checksum");
    is_checked_[block].store(true, std::memory_order_relaxed);
  }
  return plain.substr(offset, count);
}

std::uint32_t HistorySegment::number_at(std::uint64_t offset) const {
  return core::load_u32(view(offset, 4).data());
}

std::uint32_t HistorySegment::local(CommitNumber commit) const {
  if (commit < header_.first || commit - header_.first >= header_.commits) fail("no such commit");
  return commit - header_.first;
}

std::optional<CommitNumber> HistorySegment::find(const CommitId& id) const {
  const std::uint64_t mask = (std::uint64_t{1} << header_.table_bits) - 1;
  std::uint64_t at = id.prefix64() & mask;
  for (std::uint64_t looked = 0; looked <= mask; ++looked, at = (at + 1) & mask) {
    const std::uint32_t number = number_at(places_.table + at * 4);
    if (number == 0) return std::nullopt;
    if (number > header_.commits) fail("impossible number");
    const CommitNumber commit = header_.first + number - 1;
    if (this->id(commit) == id) return commit;
  }
  return std::nullopt;
}

CommitId HistorySegment::id(CommitNumber commit) const {
  const std::uint64_t at = places_.ids + std::uint64_t{local(commit)} * Id::kSize;
  return CommitId(Id::from_bytes(view(at, Id::kSize)));
}

HybridTime HistorySegment::clock(CommitNumber commit) const {
  return {core::load_u64(view(places_.clocks + std::uint64_t{local(commit)} * 8, 8).data())};
}

template <typename Use>
void HistorySegment::for_bucket(std::uint64_t bucket, Use use) const {
  const std::uint32_t begin = number_at(places_.buckets + bucket * 4);
  const std::uint32_t end = number_at(places_.buckets + bucket * 4 + 4);
  if (begin > end) fail("impossible bucket");
  core::ByteReader reader(view(places_.touches + begin, end - begin), "a bucket of paths");
  std::uint64_t key = first_key_of(bucket, header_.bucket_bits);
  try {
    for (bool is_first = true; !reader.at_end(); is_first = false) {
      const std::uint64_t step = reader.varint();
      const ByteView commits = reader.bytes(reader.varint());
      if (step > UINT32_MAX || (key += step) > UINT32_MAX || (step == 0 && !is_first)) {
        fail("impossible key");
      }
      use(static_cast<PathKey>(key), commits);
    }
  } catch (const Error& error) {
    throw IndexDamaged(error.what());
  }
}

void HistorySegment::decode_commits(ByteView bytes, const auto& take) const {
  core::ByteReader reader(bytes, "commits of a path");
  std::uint64_t commit = 0;
  for (bool is_first = true; !reader.at_end(); is_first = false) {
    const std::uint64_t step = reader.varint();
    if (step >= header_.commits || (commit += step) >= header_.commits ||
        (step == 0 && !is_first)) {
      fail("impossible number");
    }
    take(header_.first + static_cast<CommitNumber>(commit));
  }
}

void HistorySegment::touched(PathKey key, CommitNumbers& commits) const {
  CommitNumbers listed;
  for_bucket(bucket_of(key, header_.bucket_bits), [&](PathKey found, ByteView bytes) {
    if (found != key) return;
    decode_commits(bytes, [&](CommitNumber commit) { listed.push_back(commit); });
  });
  const CommitNumbers wide = numbers_at(places_.wide, header_.wide);
  std::set_union(listed.begin(), listed.end(), wide.begin(), wide.end(),
                 std::back_inserter(commits));
}

CommitNumbers HistorySegment::numbers_at(std::uint64_t offset, std::uint32_t count) const {
  const ByteView bytes = view(offset, std::uint64_t{count} * 4);
  CommitNumbers numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    numbers[i] = core::load_u32(bytes.data() + i * 4);
    if (numbers[i] < header_.first || numbers[i] - header_.first >= header_.commits ||
        (i > 0 && numbers[i] <= numbers[i - 1])) {
      fail("impossible number");
    }
  }
  return numbers;
}

std::vector<Ancestry::Link> HistorySegment::links() const {
  const ByteView bytes = view(places_.links, std::uint64_t{header_.links} * 8);
  std::vector<Ancestry::Link> links(header_.links);
  for (std::size_t i = 0; i < links.size(); ++i) {
    links[i] = {core::load_u32(bytes.data() + i * 8), core::load_u32(bytes.data() + i * 8 + 4)};
  }
  return links;
}

void HistorySegment::append_to(Ancestry& ancestry) const {
  if (ancestry.size() != header_.first) fail("is not the next segment");
  ancestry.append(header_.commits, numbers_at(places_.starts, header_.starts), links());
}

SegmentData HistorySegment::data() const {
  SegmentData data;
  data.first = header_.first;
  for (std::uint32_t i = 0; i < header_.commits; ++i) {
    data.ids.push_back(id(header_.first + i));
    data.clocks.push_back(clock(header_.first + i));
  }
  data.starts = numbers_at(places_.starts, header_.starts);
  data.links = links();
  data.wide = numbers_at(places_.wide, header_.wide);
  for (std::uint64_t bucket = 0; bucket < std::uint64_t{1} << header_.bucket_bits; ++bucket) {
    for_bucket(bucket, [&](PathKey key, ByteView bytes) {
      decode_commits(bytes, [&](CommitNumber commit) { data.touches.push_back({key, commit}); });
    });
  }
  return data;
}

}  // namespace isodb::repo
