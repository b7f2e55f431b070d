#pragma once

#include <cstdint>

#include "objects/source.h"
#include "repo/scope.h"
#include "sync/incoming_erased.h"
#include "wire/element.h"

namespace isodb::sync {

/// An object that arrives as it is, in pieces. One thread at a time.
class ReceivedObject {
 public:
  /// Error(kCorrupt) for a type that is not sent so, or a size that no such object has.
  explicit ReceivedObject(const wire::ObjectElement& element);

  /// Error(kCorrupt) for more bytes than the object has.
  void take(const wire::PieceElement& piece);
  bool is_whole() const { return bytes_.size() == size_; }

  ObjectType type() const { return type_; }
  const Bytes& bytes() const { return bytes_; }

  /// When whole, of a blob, list or tree: stores it. Error(kCorrupt) for one that is damaged or
  /// names what is not there or is of another kind or size; with the repository's scope, contents
  /// of documents that are not in it may be missing. `scope`: nullptr for the whole. What is erased
  /// may be missing, too, and is noted.
  Id store(objects::ObjectStore& objects, repo::HeldScope* scope, IncomingErased& erased) const;

 private:
  ObjectType type_;
  std::uint64_t size_;
  Bytes bytes_;
};

}  // namespace isodb::sync
