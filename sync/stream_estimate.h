#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/element.h"
#include "wire/messages.h"

namespace isodb::sync {

/// How much of a stream is still to come, from what was told about it and what has come of it
/// (docs/protocol.md, EXPECT). It is for people who wait: a peer that tells what is not so changes
/// what they read, and nothing else. A plain value, of a few numbers. One thread at a time.
class StreamEstimate {
 public:
  /// Before a stream's first element. What was counted before is forgotten.
  void expect(const wire::ExpectMessage& told);
  /// The stream resumes behind so many bytes of its first document.
  void resume_behind(std::uint64_t document_bytes);
  /// Nobody knows any more, until expect().
  void forget() { *this = {}; }

  void note(const wire::Element& element);
  /// These came on the line.
  void note_bytes(std::size_t bytes) { bytes_ += static_cast<double>(bytes); }

  /// On the line, if the rest is packed as what has come; 0 where nothing is to come, or nobody
  /// knows. At most 2^50.
  std::uint64_t bytes_to_come() const;

 private:
  void begin_commit(double operations);
  void note_operation(const wire::OperationElement& operation);
  double left() const;

  // A unit is an operation, the begin of a commit, or 256 bytes of a document that comes in pieces.
  // Numbers are a peer's: what would wrap around elsewhere is only large here.
  bool is_told_ = false;
  double commits_left_ = 0, documents_ = 0;  // behind the commit at hand; grown at the end
  double done_ = 0, bytes_ = 0, grown_ = 0;  // units, bytes, documents more than there were
  double bytes_skipped_ = 0;
  // Of the commit at hand.
  bool has_commit_ = false;
  double operations_ = 0, operations_left_ = 0, grown_in_commit_ = 0, piece_bytes_left_ = 0;
  double churn_ = 1, churns_ = 1;  // operations that add no documents: a commit's mean as of late
};

}  // namespace isodb::sync
