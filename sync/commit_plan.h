#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "isodb/commit.h"
#include "merge/erased.h"
#include "repo/state.h"

namespace isodb::sync {

/// Messages and origins beyond this go with the commit as an object: an element has to fit in a
/// run.
inline constexpr std::size_t kTextBytesMax = 65'536;

/// How a commit is to be sent. A plain value.
struct CommitPlan {
  bool as_objects = false;  ///< then nothing else counts
  TreeId base;
  std::optional<std::uint32_t> base_parent;  ///< the base is this parent's tree
  std::uint64_t operations = 0;
  /// Path by content of what the commit deletes, as far as it is kept in mind: where else that
  /// content appears, it was moved.
  std::unordered_map<Id, std::string> deleted_contents;
};

/// Whether to believe that a commit's base is what merging its parents gives, or to merge them and
/// see.
enum class BaseTrust { kBelieved, kComputed };

/// Reads what the commit wrote once, without the documents.
CommitPlan plan_commit(const RepositoryState& state, const Commit& commit, BaseTrust trust,
                       const merge::Erased& erased = {});

}  // namespace isodb::sync
