#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "merge/erased.h"
#include "repo/state.h"
#include "sync/commit_writes.h"
#include "sync/path_coding.h"
#include "sync/receiver.h"
#include "sync/stored_frames.h"
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
  /// `deleted_contents` are CommitPlan's. `receiver`: nullptr for one that takes everything.
  /// `frames`: nullptr for none. `erased`: contents that one of the sides does not have any more.
  OperationChoice(const RepositoryState& state, PathCoding& paths,
                  const std::unordered_map<Id, std::string>& deleted_contents,
                  const CommitId& commit, Receiver* receiver, StoredFrames* frames,
                  merge::ErasedPtr erased)
      : state_(state),
        paths_(paths),
        deleted_contents_(deleted_contents),
        commit_(commit),
        receiver_(receiver),
        frames_(frames),
        erased_(std::move(erased)) {}

  /// `whole_documents`: sent so far in the stream; counted on. Error(kNotHeld) for a content that
  /// has to be sent and that this repository, which is partial, does not hold.
  ChosenOperation choose(const Write& write, std::uint64_t& whole_documents);
  /// The same error, and nothing else.
  void expect_sendable(const Write& write);

 private:
  void choose_content(const Write& write, std::uint64_t& whole_documents, ChosenOperation& chosen);
  std::optional<std::uint64_t> rank_to_copy(const Write& write);
  bool try_edit(const Write& write, wire::OperationElement& element);
  bool try_neighbour(wire::OperationElement& element);
  void describe_large(const Write& write, ChosenOperation& chosen);
  bool goes_as_hash(const Write& write) const;
  bool can_build_on(const std::string& path, const Entry& entry) const;
  bool is_held(const Entry& entry) const;
  bool is_erased(std::string_view path, const Entry& entry) const;

  const RepositoryState& state_;
  PathCoding& paths_;
  const std::unordered_map<Id, std::string>& deleted_contents_;
  const CommitId commit_;
  Receiver* const receiver_;
  StoredFrames* const frames_;
  const merge::ErasedPtr erased_;
};

}  // namespace isodb::sync
