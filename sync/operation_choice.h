#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "repo/state.h"
#include "sync/commit_writes.h"
#include "sync/path_coding.h"
#include "wire/element.h"

namespace isodb::sync {

/// A stretch of a document.
struct Stretch {
  std::uint64_t offset = 0, bytes = 0;
};

/// An operation, and the stretches of the written document whose bytes follow it in pieces.
struct ChosenOperation {
  wire::OperationElement element;
  std::vector<Stretch> new_bytes;
};

/// Says what a commit did to a path in the fewest bytes that are worth their making
/// (docs/protocol.md, "Operations"). Borrows all that it is given. One thread at a time.
class OperationChoice {
 public:
  /// `deleted_contents` are CommitPlan's.
  OperationChoice(const RepositoryState& state, PathCoding& paths,
                  const std::unordered_map<Id, std::string>& deleted_contents)
      : state_(state), paths_(paths), deleted_contents_(deleted_contents) {}

  /// `whole_documents`: sent so far in the stream; counted on.
  ChosenOperation choose(const Write& write, std::uint64_t& whole_documents);

 private:
  void choose_content(const Write& write, std::uint64_t& whole_documents, ChosenOperation& chosen);
  bool try_copy(const Write& write, wire::OperationElement& element);
  bool try_edit(const Write& write, wire::OperationElement& element) const;
  bool try_neighbour(wire::OperationElement& element);
  void describe_large(const Write& write, ChosenOperation& chosen) const;

  const RepositoryState& state_;
  PathCoding& paths_;
  const std::unordered_map<Id, std::string>& deleted_contents_;
};

}  // namespace isodb::sync
