#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/compress.h"
#include "refs/local_store.h"
#include "wire/element.h"
#include "wire/run.h"

namespace isodb::sync {

/// Documents that go as they lie in this repository's packs, for quick lines: neither side packs
/// them anew. Chooses whose dictionary a stream's frames are packed with. Borrows the store. One
/// thread at a time; one object a stream.
class StoredFrames {
 public:
  explicit StoredFrames(const refs::LocalStore& store) : store_(store) {}

  /// From the next take() on; at first, none may be taken.
  void allow(bool may_take) { may_take_ = may_take; }

  /// Makes the operation a FRAME of this document, where it can be one. take_dictionary() has to be
  /// asked before the operation is sent.
  bool take(const Id& content, wire::OperationElement& operation);
  /// What has to be said before the operation that was taken last.
  std::optional<wire::DictionaryElement> take_dictionary();

 private:
  using DictionaryPtr = std::shared_ptr<const core::Dictionary>;
  bool is_chosen(const DictionaryPtr& dictionary);

  const refs::LocalStore& store_;
  bool may_take_ = false;
  DictionaryPtr chosen_, same_;  // the second from another pack, and of the same bytes
  DictionaryPtr next_;           // of the last documents in a row
  std::uint64_t in_a_row_ = 0;
  bool is_new_ = false;
};

}  // namespace isodb::sync
