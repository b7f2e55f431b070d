#include <unordered_map>
#include <utility>

#include "isodb/error.h"
#include "objects/chunker.h"
#include "objects/content.h"
#include "objects/list_format.h"

namespace isodb::objects {
namespace {

/// The chunks of a document's older version, offered as bases to the chunks of the newer one: the
/// chunk after the last one that both share, and so on until they share one again.
class BaseChunks {
 public:
  // A base is a hint: what cannot be read is not offered. Damage is reported to who needs it.
  BaseChunks(const ObjectSource& source, const Id& older) {
    try {
      collect(source, older);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;
    }
  }

  std::optional<Id> next() const {
    return at_ < chunks_.size() ? std::optional<Id>(chunks_[at_]) : std::nullopt;
  }
  void advance(const Id& written) {
    const auto shared = places_.find(written);
    at_ = (shared == places_.end() ? at_ : shared->second) + 1;
  }

 private:
  // 300 MB of document; what lies behind goes without bases.
  static constexpr std::size_t kChunksMax = 4096;

  void collect(const ObjectSource& source, const Id& id) {
    const std::optional<Object> object = source.get(id);
    if (!object) return;
    if (object->type == ObjectType::kBlob) return add(id);
    if (object->type == ObjectType::kList) collect_list(source, decode_list(object->payload));
  }
  void collect_list(const ObjectSource& source, const List& list) {
    for (const ListItem& item : list.items) {
      if (chunks_.size() >= kChunksMax) return;
      if (list.level == 0) {
        add(item.id);
        continue;
      }
      const List below = decode_list(get_expected(source, item.id, ObjectType::kList));
      if (below.level + 1 != list.level) return;
      collect_list(source, below);
    }
  }
  void add(const Id& id) {
    places_.try_emplace(id, chunks_.size());
    chunks_.push_back(id);
  }

  std::vector<Id> chunks_;
  std::unordered_map<Id, std::size_t> places_;
  std::size_t at_ = 0;
};

}  // namespace

struct ContentWriter::State {
  ObjectSink& sink;
  const ObjectSource* bases;
  PutHint hint;
  Bytes buffer;         // bytes not cut yet, from `cut` on
  std::size_t cut = 0;  // bytes at the buffer's front that are chunks already
  std::uint64_t size = 0;
  std::optional<BaseChunks> base_chunks;
  struct Level {
    std::vector<ListItem> items;
    std::uint64_t lists = 0;  // written so far
  };
  std::vector<Level> levels;
  bool is_short = false;  // shorter than any chunk but a document's last

  void write(ByteView part);
  void add_chunk(const ListItem& chunk);
  ContentRef finish();
  void cut_chunks(std::size_t keep);
  void count_chunk(std::uint64_t bytes);
  void add_item(std::size_t level, const ListItem& item);
  ListItem close_list(std::size_t level, const std::optional<Id>& base);
};

void ContentWriter::State::write(ByteView part) {
  if (part.size() > kDocumentBytesMax - size) {
    throw Error(ErrorCode::kLimit, "a document is longer than 2^62 bytes");
  }
  size += part.size();
  constexpr std::size_t kStep = 1024 * 1024;
  while (!part.empty()) {
    const ByteView step = part.substr(0, kStep);
    part.remove_prefix(step.size());
    buffer.append(step);
    cut_chunks(kChunkBytesMax);
  }
}

void ContentWriter::State::count_chunk(std::uint64_t bytes) {
  if (is_short) {
    throw Error(ErrorCode::kInvalid, "a chunk within a document has less than 16 KiB");
  }
  is_short = bytes < kChunkBytesMin;
}

void ContentWriter::State::add_chunk(const ListItem& chunk) {
  if (chunk.size > kDocumentBytesMax - size) {
    throw Error(ErrorCode::kLimit, "a document is longer than 2^62 bytes");
  }
  cut_chunks(0);
  count_chunk(chunk.size);
  size += chunk.size;
  if (bases != nullptr && hint.base && !base_chunks) base_chunks.emplace(*bases, *hint.base);
  if (base_chunks) base_chunks->advance(chunk.id);
  add_item(0, chunk);
}

/// Cuts chunks off while at least `keep` bytes stay known behind each chunk's beginning: with fewer
/// than kChunkBytesMax the place of the cut could depend on how the document arrived.
void ContentWriter::State::cut_chunks(std::size_t keep) {
  if (keep > 0 && buffer.size() - cut < keep) return;
  if (bases != nullptr && hint.base && !base_chunks) base_chunks.emplace(*bases, *hint.base);
  while (buffer.size() > cut && buffer.size() - cut >= keep) {
    ByteView chunk = ByteView(buffer).substr(cut);
    chunk = chunk.substr(0, first_chunk_bytes(chunk));
    count_chunk(chunk.size());
    PutHint chunk_hint{std::nullopt, hint.compressed};
    if (base_chunks) chunk_hint.base = base_chunks->next();
    const Id id = sink.put(ObjectType::kBlob, chunk, chunk_hint);
    if (base_chunks) base_chunks->advance(id);
    add_item(0, {id, chunk.size()});
    cut += chunk.size();
  }
  buffer.erase(0, cut);
  cut = 0;
}

void ContentWriter::State::add_item(std::size_t level, const ListItem& item) {
  if (levels.size() <= level) levels.resize(level + 1);
  levels[level].items.push_back(item);
  if (!list_ends_after(item.id, levels[level].items.size())) return;
  const ListItem list = close_list(level, std::nullopt);
  add_item(level + 1, list);
}

ListItem ContentWriter::State::close_list(std::size_t level, const std::optional<Id>& base) {
  const std::vector<ListItem> items = std::exchange(levels[level].items, {});
  ++levels[level].lists;
  ListItem list;
  for (const ListItem& item : items) list.size += item.size;
  const Bytes payload = encode_list(static_cast<std::uint8_t>(level), items);
  list.id = sink.put(ObjectType::kList, payload, {base, false});
  return list;
}

ContentRef ContentWriter::State::finish() {
  if (size <= kBlobBytesMax) {
    if (!levels.empty()) {
      throw Error(ErrorCode::kInvalid, "a document of at most 64 KiB has no chunks");
    }
    return {sink.put(ObjectType::kBlob, buffer, hint), ContentKind::kBlob, size};
  }
  cut_chunks(0);
  // The root is the only list of its level; a level with more needs one above it.
  for (std::size_t level = 0;; ++level) {
    const bool root = levels[level].lists == 0;
    if (root) return {close_list(level, hint.base).id, ContentKind::kList, size};
    if (!levels[level].items.empty()) add_item(level + 1, close_list(level, std::nullopt));
    if (levels[level].lists == 1) return {levels[level + 1].items[0].id, ContentKind::kList, size};
  }
}

ContentWriter::ContentWriter(ObjectSink& sink, PutHint hint)
    : state_(new State{sink, nullptr, std::move(hint), {}, 0, 0, {}, {}, false}) {}
ContentWriter::ContentWriter(ObjectStore& store, PutHint hint)
    : ContentWriter(store, store, std::move(hint)) {}
ContentWriter::ContentWriter(ObjectSink& sink, const ObjectSource& bases, PutHint hint)
    : state_(new State{sink, &bases, std::move(hint), {}, 0, 0, {}, {}, false}) {}
ContentWriter::~ContentWriter() = default;

void ContentWriter::write(ByteView part) {
  state_->write(part);
}
void ContentWriter::end_chunk() {
  state_->cut_chunks(0);
}
void ContentWriter::add_chunk(const Id& chunk, std::uint64_t bytes) {
  state_->add_chunk({chunk, bytes});
}
ContentRef ContentWriter::finish() {
  return state_->finish();
}

ContentRef write_content(ObjectSink& sink, ByteView document, const PutHint& hint) {
  if (document.size() <= kBlobBytesMax) {
    return {sink.put(ObjectType::kBlob, document, hint), ContentKind::kBlob, document.size()};
  }
  ContentWriter writer(sink, hint);
  writer.write(document);
  return writer.finish();
}

ContentRef write_content(ObjectStore& store, ByteView document, const PutHint& hint) {
  if (document.size() <= kBlobBytesMax) {
    return write_content(static_cast<ObjectSink&>(store), document, hint);
  }
  ContentWriter writer(store, hint);
  writer.write(document);
  return writer.finish();
}

}  // namespace isodb::objects
