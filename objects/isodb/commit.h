#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "isodb/key.h"

namespace isodb {

/// What an imported commit was in the system it came from; opaque to merging. The order of `fields`
/// is kept.
struct OriginField {
  std::string name;  ///< one of the words in docs/format.md: "system", "id", "author", "committer",
                     ///< "encoding", "parent", …
  Bytes value;       ///< any bytes but newline and NUL
  friend bool operator==(const OriginField&, const OriginField&) = default;
};

/// A commit's content (docs/format.md, "Commit"). A plain value.
struct Commit {
  TreeId tree;
  std::optional<TreeId>
      base;  ///< the tree before the author's own writes, where it is not the only parent's
  std::optional<Id> deleted;      ///< blob or list of the paths this commit deletes, sorted
  std::vector<CommitId> parents;  ///< sorted by id, none twice; empty only for the root
  PublicKey author;
  WriterId writer;
  std::uint64_t sequence = 0;
  HybridTime clock;
  std::vector<OriginField> origin;
  Bytes message;  ///< any bytes, as given
  Signature signature;

  Stamp stamp() const { return {clock, writer}; }
  std::optional<ByteView> origin_field(std::string_view name) const;
};

/// The state of several heads, as every peer computes it (docs/format.md, "Merge"). A plain value.
struct Merge {
  TreeId tree;
  std::vector<CommitId> heads;  ///< sorted by id, none twice, 2 to 4,096
  std::uint64_t epoch = 1;      ///< whose rules made the tree; from 1

  friend bool operator==(const Merge&, const Merge&) = default;
};

using MergeId = IdOf<ObjectType::kMerge>;

/// A signed name for any object.
struct Tag {
  Id object;
  ObjectType type = ObjectType::kCommit;
  std::string name;
  PublicKey author;
  HybridTime clock;
  std::vector<OriginField> origin;
  Bytes message;
  Signature signature;
};

}  // namespace isodb
