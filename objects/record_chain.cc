#include "objects/record_chain.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "isodb/error.h"
#include "objects/delta.h"
#include "objects/resolving.h"

namespace isodb::objects {
namespace {

struct LoadedRecord {
  std::uint64_t offset = 0;
  RecordHeader header;
  ByteView data;
  Bytes scratch;  // holds `data` where the space is not mapped
};

[[noreturn]] void fail(const char* problem) {
  throw Error(ErrorCode::kCorrupt, std::string("record: ") + problem);
}

/// The first bytes at `offset`: all there are where that costs nothing, else what holds most
/// records.
ByteView view_front(const RecordSpace& space, std::uint64_t offset, Bytes& scratch) {
  constexpr std::uint64_t kFrontBytes = 4096;
  if (offset < space.begin() || offset >= space.end()) fail("lies outside of the records");
  const std::uint64_t room = space.end() - offset;
  return space.view(offset, space.mapped() ? room : std::min(room, kFrontBytes), scratch);
}

RecordHeader parse_within(const RecordSpace& space, std::uint64_t offset, ByteView front) {
  const RecordHeader header = parse_record_header(front);
  if (!occurs_in_packs(header.encoding)) fail("its encoding occurs in loose rows only");
  if (header.data_bytes > space.end() - offset - header.header_bytes) fail("ends too late");
  return header;
}

void load(const RecordSpace& space, std::uint64_t offset, LoadedRecord& record) {
  record.offset = offset;
  ByteView front = view_front(space, offset, record.scratch);
  record.header = parse_within(space, offset, front);
  if (front.size() < record.header.record_bytes()) {
    front = space.view(offset, record.header.record_bytes(), record.scratch);
  }
  record.data =
      front.substr(record.header.header_bytes, static_cast<std::size_t>(record.header.data_bytes));
  check_record_data(record.header, record.data);
}

Object unpack(const RecordSpace& space, const LoadedRecord& record) {
  const bool needs_dictionary = record.header.encoding == Encoding::kDictionary;
  return {record.header.type, unpack_plain(record.header, record.data,
                                           needs_dictionary ? space.dictionary() : nullptr)};
}

/// Follows the chain from its last record down to something that can be read without a base, or
/// that is in the cache; leaves the deltas that lead back up in `chain`.
ObjectPtr find_root(const RecordSpace& space, std::deque<LoadedRecord>& chain,
                    const ObjectSource& others, PlainCache& cache, std::uint64_t file) {
  for (;;) {
    const LoadedRecord& last = chain.back();
    if (last.header.encoding == Encoding::kDeltaById) {
      return std::make_shared<const Object>(get_base(others, last.header.base));
    }
    const std::uint64_t offset = base_offset(space, last.offset, last.header);
    if (ObjectPtr cached = cache.find(file, offset)) return cached;
    // Offsets fall with every step, so a chain cannot loop; depths make it short.
    const unsigned depth = last.header.depth;
    LoadedRecord& next = chain.emplace_back();
    load(space, offset, next);
    if (next.header.depth + 1 != depth) fail("its base has another depth than it says");
    if (is_delta(next.header.encoding)) continue;
    auto root = std::make_shared<const Object>(unpack(space, next));
    chain.pop_back();
    if (chain.size() == 1) cache.insert(file, offset, root);
    return root;
  }
}

}  // namespace

RecordHeader load_header(const RecordSpace& space, std::uint64_t offset) {
  Bytes scratch;
  if (offset < space.begin() || offset >= space.end()) fail("lies outside of the records");
  const std::uint64_t count = std::min<std::uint64_t>(space.end() - offset, kRecordHeaderBytesMax);
  return parse_within(space, offset, space.view(offset, count, scratch));
}

std::optional<PackedFrame> read_frame(const RecordSpace& space, std::uint64_t offset) {
  LoadedRecord record;
  load(space, offset, record);
  if (record.header.encoding != Encoding::kDictionary) return std::nullopt;
  return PackedFrame{record.header.type, record.header.plain_bytes, Bytes(record.data)};
}

std::uint64_t base_offset(const RecordSpace& space, std::uint64_t offset,
                          const RecordHeader& header) {
  if (header.distance > offset - space.begin()) fail("its base lies before the file");
  return offset - header.distance;
}

ObjectPtr read_shared_object(const RecordSpace& space, std::uint64_t offset,
                             const ObjectSource& others, PlainCache& cache, std::uint64_t file) {
  if (ObjectPtr cached = cache.find(file, offset)) return cached;
  std::deque<LoadedRecord> chain;
  load(space, offset, chain.emplace_back());
  if (!is_delta(chain.back().header.encoding)) {
    return std::make_shared<const Object>(unpack(space, chain.back()));
  }
  ObjectPtr object = find_root(space, chain, others, cache, file);
  for (; !chain.empty(); chain.pop_back()) {
    const LoadedRecord& record = chain.back();
    if (object->type != record.header.type) fail("its base is of another type");
    object = std::make_shared<const Object>(
        Object{object->type, apply_delta(record.data, object->payload,
                                         static_cast<std::size_t>(record.header.plain_bytes))});
    if (chain.size() <= 2) cache.insert(file, record.offset, object);
  }
  return object;
}

Object read_object(const RecordSpace& space, std::uint64_t offset, const ObjectSource& others,
                   PlainCache& cache, std::uint64_t file) {
  {
    LoadedRecord record;  // most need no chain, and no memory for one
    load(space, offset, record);
    if (!is_delta(record.header.encoding)) return unpack(space, record);
  }
  return *read_shared_object(space, offset, others, cache, file);
}

}  // namespace isodb::objects
