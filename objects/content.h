#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "isodb/entry.h"
#include "objects/source.h"

namespace isodb::objects {

/// What a stored document is: enough for an entry.
struct ContentRef {
  Id id;
  ContentKind kind = ContentKind::kBlob;
  std::uint64_t size = 0;
};

/// Takes a document's bytes in parts and stores them as one blob or, past 64 KiB, as
/// content-defined chunks under a list (docs/format.md, "Blob and list"). Constant memory whatever
/// the size. Borrows the sink. One thread at a time. hint.base is the content id of the document's
/// older version; given a store, which can be read, each new chunk is put with the chunk in its
/// place there as its base. Destroyed unfinished, it leaves unreferenced chunks in the sink.
class ContentWriter {
 public:
  explicit ContentWriter(ObjectSink& sink, PutHint hint = {});
  explicit ContentWriter(ObjectStore& store, PutHint hint = {});
  ContentWriter(ObjectSink& sink, const ObjectSource& bases, PutHint hint);
  ~ContentWriter();
  ContentWriter(const ContentWriter&) = delete;
  ContentWriter& operator=(const ContentWriter&) = delete;

  void write(ByteView part);
  /// Ends a chunk here, whatever the bytes say; what follows is cut as if the document began there.
  /// Error(kInvalid) when something follows a chunk that is shorter than chunks may be.
  void end_chunk();
  /// The next bytes are those of a chunk that the sink holds. Ends the chunk before it.
  void add_chunk(const Id& chunk, std::uint64_t bytes);
  /// Once, after the last part. Error(kInvalid) for a document that is shorter than one of chunks
  /// and to which chunks were added.
  ContentRef finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

ContentRef write_content(ObjectSink& sink, ByteView document, const PutHint& hint = {});
ContentRef write_content(ObjectStore& store, ByteView document, const PutHint& hint = {});

/// Reads a document's bytes at any offset without reading the rest. Holds one chunk and one list a
/// level. Borrows the source. One thread at a time. Error(kCorrupt) names the object that is
/// missing, damaged, or of another size than the reference or list above it says.
class ContentReader {
 public:
  ContentReader(const ObjectSource& source, const ContentRef& ref);
  ~ContentReader();
  ContentReader(const ContentReader&) = delete;
  ContentReader& operator=(const ContentReader&) = delete;

  std::uint64_t size() const;
  /// Up to `count` bytes from `offset`; fewer only at the end.
  Bytes read(std::uint64_t offset, std::uint64_t count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole document; Error(kLimit) when larger than `bytes_max`.
Bytes read_content(const ObjectSource& source, const ContentRef& ref,
                   std::uint64_t bytes_max = UINT64_MAX);

/// What an object that was read for `ref` makes of it: the document; nullopt unless it is the blob
/// that `ref` describes.
std::optional<Bytes> document_of(std::optional<Object> blob, const ContentRef& ref);

/// The children of a list object: for walking what a document is made of.
struct ListItem {
  Id id;
  std::uint64_t size = 0;
};
struct List {
  std::uint8_t level = 0;  ///< 0: children are blobs; else lists of level - 1
  std::vector<ListItem> items;
  std::uint64_t size = 0;  ///< sum of the items' sizes
};
Bytes encode_list(std::uint8_t level, const std::vector<ListItem>& items);
/// Error(kCorrupt) for bytes that encode_list() does not make of a possible list.
List decode_list(ByteView payload);

}  // namespace isodb::objects
