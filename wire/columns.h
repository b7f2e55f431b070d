#pragma once

#include "isodb/bytes.h"
#include "wire/element.h"
#include "wire/fields.h"
#include "wire/stream_state.h"

namespace isodb::wire {

/// An element's kind, the low 4 bits of its first byte; 1 to 8 and 12 are OperationKind.
enum class ElementKind : std::uint8_t {
  kCommit = 0,
  kPiece = 9,
  kObject = 10,
  kResume = 11,
  kDictionary = 13,
};
inline constexpr std::uint8_t kKindMask = 0x0f;

enum CommitFlag : std::uint8_t {
  kListsParents = 0x10,
  kHasMessage = 0x20,
  kHasOrigin = 0x40,
  kHasBaseParent = 0x80,
};

enum OperationFlag : std::uint8_t {
  kIsNew = 0x10,
  kHasMediaType = 0x20,
  kHasMetadata = 0x40,
  kFromNeighbour = 0x80,
};

/// A flag of RESUME.
inline constexpr std::uint8_t kAmongObjects = 0x10;

inline constexpr std::uint8_t kMediaTypeSpelledOut = 255;

/// A run being written.
class Columns {
 public:
  Bytes shapes, times, keys, values, proofs;

  /// Of the run that they make, at most.
  std::size_t bytes() const {
    return kLengthsBytesMax + shapes.size() + times.size() + keys.size() + values.size() +
           proofs.size();
  }
  /// Puts the run in place of what `run` holds, and has nothing left; both keep their memory.
  void take(Bytes& run);

 private:
  static constexpr std::size_t kLengthsBytesMax = 4 * 3;  // all but the last, each below 2^21
};

/// Appends an element that breaks no rule.
void put_element(Columns& columns, const Element& element, StreamState& state);

/// A run being read. Borrows its bytes.
struct ColumnReaders {
  FieldReader shapes, times, keys, values, proofs;

  /// Error(kCorrupt) where the columns are longer than the run.
  static ColumnReaders open(ByteView run);
  void expect_end() const;
};

/// The next element; Error(kCorrupt) where it breaks a rule or is not as put_element() puts it.
Element take_element(ColumnReaders& columns, StreamState& state);

}  // namespace isodb::wire
