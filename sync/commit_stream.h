#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "isodb/commit.h"
#include "objects/content.h"
#include "repo/state.h"
#include "sync/commit_plan.h"
#include "sync/commit_writes.h"
#include "sync/operation_choice.h"
#include "sync/path_coding.h"
#include "sync/resume_point.h"
#include "wire/element.h"

namespace isodb::sync {

/// The elements of one commit that is sent as operations. Borrows the repository. One thread at a
/// time.
class CommitStream {
 public:
  /// As OperationChoice.
  CommitStream(const RepositoryState& state, const CommitId& id, Commit commit, CommitPlan plan,
               Receiver* receiver, StoredFrames* frames, const merge::ErasedPtr& erased);

  /// Before the first next(): goes on there. False when that place is not in the commit; then the
  /// stream is spent.
  bool resume_at(const ResumePoint& point);

  /// Error(kNotHeld) where next() would come to a content that has to be sent and that this
  /// repository, which is partial, does not hold. Costs another look at what the commit wrote.
  void expect_sendable();

  /// nullopt after the last. `whole_documents` and `operations` of the stream are counted on.
  std::optional<wire::Element> next(std::uint64_t& whole_documents, std::uint64_t& operations);
  bool at_end() const { return !at_beginning_ && sent_ == plan_.operations && stretches_.empty(); }

 private:
  wire::CommitElement first_element() const;
  Write next_write();
  ChosenOperation choose(std::uint64_t& whole_documents);
  wire::Element next_piece();

  const RepositoryState& state_;
  const Commit commit_;
  const CommitPlan plan_;
  CommitWrites writes_;
  StoredFrames* const frames_;
  PathCoding paths_;
  OperationChoice choice_;
  bool at_beginning_ = true, resumes_ = false;
  std::uint64_t sent_ = 0;                 // operations, or skipped
  std::optional<ChosenOperation> chosen_;  // the next, where it was looked at already
  objects::ContentRef document_;           // whose bytes are sent
  std::vector<Stretch> stretches_;         // of it, the next at the back
  std::unique_ptr<objects::ContentReader> reader_;
};

}  // namespace isodb::sync
