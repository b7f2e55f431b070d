#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::reference {

/// The payload of a merge object (docs/format.md, "Merge").
inline Bytes merge_object(const TreeId& tree, std::uint64_t epoch, std::vector<CommitId> heads) {
  std::sort(heads.begin(), heads.end());
  Bytes payload = "tree " + tree.hex() + "\n";
  for (const CommitId& head : heads) payload += "head " + head.hex() + "\n";
  return payload + "epoch " + std::to_string(epoch) + "\n";
}

}  // namespace isodb::reference
