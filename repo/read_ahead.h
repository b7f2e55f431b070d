#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "isodb/bytes.h"
#include "objects/tree.h"
#include "repo/state.h"

namespace isodb::repo {

/// Reads the documents that a scan is about to come to: a thread of its own and the scan's share
/// the work, which is mostly unpacking. Holds a bounded part of them, 3 MiB at most. One thread at
/// a time.
class ReadAhead {
 public:
  /// `cursor` stands on document number 0; the last is that before the first whose path does not
  /// begin with `prefix`.
  ReadAhead(std::shared_ptr<RepositoryState> state, objects::Cursor cursor, std::string prefix);
  ~ReadAhead();

  /// The document of the next number, from 0. nullopt: the caller has to read it, because it is
  /// large, or because reading it failed and the caller can say why.
  std::optional<Bytes> take();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace isodb::repo
