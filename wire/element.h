#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/id.h"
#include "isodb/key.h"

namespace isodb::wire {

/// The elements of a stream (docs/protocol.md, "Elements"), with devices and parents resolved.
/// Plain values: what a path's rank or a base is, only the two ends know.

/// A commit begins; its operations follow.
struct CommitElement {
  PublicKey author;
  WriterId writer;
  std::uint64_t sequence = 0;
  std::uint64_t millis = 0;       ///< of its clock; the counter is the low 16 bits of `sequence`
  std::uint64_t operations = 0;   ///< that follow
  std::vector<CommitId> parents;  ///< sorted by id, none twice; never empty
  /// Of several parents: the base is this one's tree.
  std::optional<std::uint32_t> base_parent;
  std::vector<OriginField> origin;
  Bytes message;
  Signature signature;
  friend bool operator==(const CommitElement&, const CommitElement&) = default;
};

enum class OperationKind : std::uint8_t {
  kDelete = 1,
  kWhole,
  kValues,
  kSplice,
  kPatch,
  kCopy,
  kLarge,
  kHash,
  kFrame = 12,  ///< a whole document, packed with the stream's dictionary
};

/// One scalar of a JSON text that is replaced.
struct ReplacedValue {
  std::uint64_t skipped = 0;  ///< scalars since the last one that was replaced
  Bytes text;
  friend bool operator==(const ReplacedValue&, const ReplacedValue&) = default;
};

/// A part of a document of chunks.
struct LargePart {
  static constexpr std::size_t kPartsMax = 4096;  ///< of a document

  std::uint64_t first = 0;      ///< chunk of the old document
  std::uint64_t count = 0;      ///< of these chunks; 0: new bytes
  std::uint64_t new_bytes = 0;  ///< that follow in pieces: one chunk or more
  friend bool operator==(const LargePart&, const LargePart&) = default;
};

/// What a commit did to one path.
struct OperationElement {
  OperationKind kind = OperationKind::kWhole;
  bool is_new = false;                    ///< the path is not in the base tree
  std::uint64_t rank_gap = 0;             ///< as on the wire
  std::uint64_t shared = 0;               ///< new path: bytes shared with the path before it
  std::string rest;                       ///< new path: what follows them
  std::optional<std::string> media_type;  ///< where it is not the usual one; "": none
  /// Where it is not the usual: nullopt inside for none, else the JSON text.
  std::optional<std::optional<Bytes>> metadata;

  Bytes bytes;  ///< kWhole: the document; kSplice: put in; kPatch, kFrame: the frame
  std::vector<ReplacedValue> values;      ///< kValues
  std::uint64_t offset = 0, removed = 0;  ///< kSplice
  std::uint64_t size = 0;                 ///< kPatch, kLarge, kHash, kFrame: of the document
  bool from_neighbour = false;            ///< kPatch: the base is the entry before
  std::int64_t rank_delta = 0;            ///< kCopy
  std::vector<LargePart> parts;           ///< kLarge
  Id content;                             ///< kHash
  ContentKind content_kind = ContentKind::kBlob;  ///< kHash
  friend bool operator==(const OperationElement&, const OperationElement&) = default;
};

/// The next bytes of what came before.
struct PieceElement {
  static constexpr std::size_t kBytesMax = 16'384;
  Bytes bytes;
  friend bool operator==(const PieceElement&, const PieceElement&) = default;
};

/// An object as it is; its bytes follow as pieces.
struct ObjectElement {
  ObjectType type = ObjectType::kBlob;
  std::uint64_t size = 0;
  friend bool operator==(const ObjectElement&, const ObjectElement&) = default;
};

/// Goes on within a commit: its next operations follow. Where bytes of the next document were taken
/// already, its operation comes again, and the pieces begin behind those bytes.
struct ResumeElement {
  bool among_objects = false;  ///< instead: goes on behind objects that came whole
  friend bool operator==(const ResumeElement&, const ResumeElement&) = default;
};

/// What the stream's frames are packed with from now on; a frame follows.
struct DictionaryElement {
  static constexpr std::size_t kBytesMin = 256, kBytesMax = 65'536;
  Bytes bytes;
  friend bool operator==(const DictionaryElement&, const DictionaryElement&) = default;
};

using Element = std::variant<CommitElement, OperationElement, PieceElement, ObjectElement,
                             ResumeElement, DictionaryElement>;

}  // namespace isodb::wire
