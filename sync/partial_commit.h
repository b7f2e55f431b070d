#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "isodb/id.h"
#include "objects/content.h"
#include "sync/large_document.h"
#include "sync/path_coding.h"
#include "sync/resume_point.h"
#include "wire/element.h"

namespace isodb::sync {

/// A commit of which not all operations have come, as it is stored. A plain value.
struct PartialCommit {
  wire::CommitElement commit;
  TreeId base, tree;  ///< the tree with the operations so far
  std::uint64_t operations = 0;
  bool is_governed = false;  ///< it writes below .isodb/
  std::optional<PathCoding::Place> last;
  std::vector<objects::ContentRef> deleted;  ///< joined: the deleted list so far
  std::vector<SavedBytes> document;  ///< joined: the new bytes so far of the document after these

  Stamp stamp() const;
  ResumePoint resume_point() const;
  /// What has to be kept for it, but for the commit's parents.
  std::vector<Id> named() const;
};

/// A local form, of version 1, that is not hashed into anything.
Bytes encode_partial_commit(const PartialCommit& partial);
/// Error(kCorrupt) for other bytes, Error(kUnsupported) for another version.
PartialCommit decode_partial_commit(ByteView bytes);

}  // namespace isodb::sync
