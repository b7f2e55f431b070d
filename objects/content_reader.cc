#include <algorithm>
#include <string>
#include <utility>

#include "isodb/error.h"
#include "objects/content.h"
#include "objects/list_format.h"

namespace isodb::objects {
namespace {

[[noreturn]] void fail(const Id& id, const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, "object " + id.hex() + ": " + problem,
              "run 'isodb fsck' to see what else is damaged");
}

std::string size_problem(std::uint64_t actual, std::uint64_t expected) {
  return "holds " + std::to_string(actual) + " bytes instead of " + std::to_string(expected);
}

/// A list with the offset at which each item ends.
struct OpenList {
  Id id;
  List list;
  std::vector<std::uint64_t> ends;
};

OpenList open_list(const ObjectSource& source, const Id& id, std::uint64_t size) {
  OpenList open;
  open.id = id;
  const Bytes payload = get_expected(source, id, ObjectType::kList);
  try {
    open.list = decode_list(payload);
  } catch (const Error& error) {
    throw error.within("object " + id.hex());
  }
  if (open.list.size != size) fail(id, size_problem(open.list.size, size));
  open.ends.reserve(open.list.items.size());
  std::uint64_t end = 0;
  for (const ListItem& item : open.list.items) open.ends.push_back(end += item.size);
  return open;
}

}  // namespace

struct ContentReader::State {
  const ObjectSource& source;
  ContentRef ref;
  std::vector<OpenList> lists;  // the way to the last chunk read, root first
  Id chunk_id;
  Bytes chunk;
  bool chunk_open = false;

  /// The bytes of the blob `id`; kept until another one is asked for.
  ByteView open_chunk(const Id& id, std::uint64_t size);
  /// What the document holds at `offset`, up to the end of a chunk.
  ByteView bytes_at(std::uint64_t offset);
};

ByteView ContentReader::State::open_chunk(const Id& id, std::uint64_t size) {
  if (!chunk_open || chunk_id != id) {
    chunk_open = false;
    chunk = get_expected(source, id, ObjectType::kBlob);
    chunk_id = id;
    chunk_open = true;
  }
  if (chunk.size() != size) fail(id, size_problem(chunk.size(), size));
  return chunk;
}

ByteView ContentReader::State::bytes_at(std::uint64_t offset) {
  if (ref.kind == ContentKind::kBlob) return open_chunk(ref.id, ref.size).substr(offset);
  for (std::size_t depth = 0;; ++depth) {
    const OpenList& open = lists[depth];
    const auto end = std::upper_bound(open.ends.begin(), open.ends.end(), offset);
    const ListItem& item = open.list.items[static_cast<std::size_t>(end - open.ends.begin())];
    offset -= *end - item.size;
    if (open.list.level == 0) return open_chunk(item.id, item.size).substr(offset);
    if (lists.size() > depth + 1 && lists[depth + 1].id == item.id &&
        lists[depth + 1].list.size == item.size) {
      continue;
    }
    lists.resize(depth + 1);
    OpenList below = open_list(source, item.id, item.size);
    if (below.list.level + 1 != lists[depth].list.level) fail(item.id, "has the wrong level");
    lists.push_back(std::move(below));
  }
}

ContentReader::ContentReader(const ObjectSource& source, const ContentRef& ref)
    : state_(new State{source, ref, {}, {}, {}, false}) {
  const bool small = ref.size <= kBlobBytesMax;
  if (small != (ref.kind == ContentKind::kBlob)) {
    fail(ref.id, "a document of " + std::to_string(ref.size) + " bytes is not stored like this");
  }
  if (ref.kind == ContentKind::kBlob) return;
  state_->lists.push_back(open_list(source, ref.id, ref.size));
  const List& root = state_->lists[0].list;
  if (root.level > 0 && root.items.size() < 2) fail(ref.id, "is a list of a single list");
}

ContentReader::~ContentReader() = default;

std::uint64_t ContentReader::size() const {
  return state_->ref.size;
}

Bytes ContentReader::read(std::uint64_t offset, std::uint64_t count) {
  // The sizes in the lists were checked against each other, but whether the chunks are there is
  // seen only as they are read: memory grows with what was.
  constexpr std::uint64_t kReserveMax = 16 * 1024 * 1024;
  const std::uint64_t size = state_->ref.size;
  Bytes out;
  if (size == 0) state_->open_chunk(state_->ref.id, 0);  // an empty document is a blob, too
  if (offset >= size) return out;
  count = std::min(count, size - offset);
  out.reserve(static_cast<std::size_t>(std::min(count, kReserveMax)));
  while (count > 0) {
    ByteView part = state_->bytes_at(offset);
    part = part.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(count, part.size())));
    out.append(part);
    offset += part.size();
    count -= part.size();
  }
  return out;
}

Bytes read_content(const ObjectSource& source, const ContentRef& ref, std::uint64_t bytes_max) {
  if (ref.size > bytes_max) {
    throw Error(ErrorCode::kLimit, "the document has " + std::to_string(ref.size) +
                                       " bytes, more than the " + std::to_string(bytes_max) +
                                       " allowed here");
  }
  if (ref.kind == ContentKind::kBlob && ref.size <= kBlobBytesMax) {  // most are
    Bytes document = get_expected(source, ref.id, ObjectType::kBlob);
    if (document.size() != ref.size) fail(ref.id, size_problem(document.size(), ref.size));
    return document;
  }
  ContentReader reader(source, ref);
  return reader.read(0, ref.size);
}

std::optional<Bytes> document_of(std::optional<Object> blob, const ContentRef& ref) {
  const bool fits = blob && ref.kind == ContentKind::kBlob && blob->type == ObjectType::kBlob &&
                    ref.size <= kBlobBytesMax && blob->payload.size() == ref.size;
  if (!fits) return std::nullopt;
  return std::move(blob->payload);
}

}  // namespace isodb::objects
