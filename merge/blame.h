#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "isodb/bytes.h"

namespace isodb::merge {

enum class BlameUnit {
  kFields,  ///< the leaves of a JSON document: scalars and empty containers
  kLines,   ///< the lines of a text
};

/// A field or line of the newest version, and the version that gave its present value.
struct BlamedPart {
  std::string place;        ///< JSON Pointer of the field, or the line's number, from 1
  Bytes value;              ///< the field's JSON text, or the line without its line feed
  std::size_t version = 0;  ///< as add_version() was told
};

/// Learns which version of one document gave each of its parts, from versions fed oldest first, so
/// that a long history streams through: it holds the newest version only. A field keeps its version
/// as long as its value is equal as data (1.0 equals 1); items of arrays and lines are followed
/// through insertions and removals as align() aligns them, changed items as pair_items() pairs
/// them. By fields, a version that is no JSON, or JSON with duplicate members or lone surrogates,
/// is followed by lines, and where one kind gives way to the other everything is new. One thread at
/// a time.
class BlameTracker {
 public:
  explicit BlameTracker(BlameUnit unit);
  ~BlameTracker();
  BlameTracker(BlameTracker&&) noexcept;
  BlameTracker& operator=(BlameTracker&&) noexcept;

  /// The document's next version; `version` is the caller's own name for it.
  void add_version(ByteView document, std::size_t version);
  /// The document was deleted: whatever comes next is new.
  void add_absence();
  /// The parts of the newest version, in its order; none when it is absent.
  std::vector<BlamedPart> parts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::merge
