#include "sync/commit_stream.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"

namespace isodb::sync {

CommitStream::CommitStream(const RepositoryState& state, const CommitId& id, Commit commit,
                           CommitPlan plan, Receiver* receiver, StoredFrames* frames,
                           const merge::ErasedPtr& erased)
    : state_(state),
      commit_(std::move(commit)),
      plan_(std::move(plan)),
      writes_(state.nodes(), plan_.base, commit_),
      frames_(frames),
      paths_(state.nodes(), plan_.base),
      choice_(state, paths_, plan_.deleted_contents, id, receiver, frames, erased) {}

wire::CommitElement CommitStream::first_element() const {
  wire::CommitElement element;
  element.author = commit_.author;
  element.writer = commit_.writer;
  element.sequence = commit_.sequence;
  element.millis = commit_.clock.millis();
  element.operations = plan_.operations;
  element.parents = commit_.parents;
  element.base_parent = plan_.base_parent;
  element.origin = commit_.origin;
  element.message = commit_.message;
  element.signature = commit_.signature;
  return element;
}

Write CommitStream::next_write() {
  if (std::optional<Write> write = writes_.next()) return std::move(*write);
  throw Error(ErrorCode::kCorrupt, "a commit has fewer writes than when it was read before",
              "run isodb fsck");
}

ChosenOperation CommitStream::choose(std::uint64_t& whole_documents) {
  const Write write = next_write();
  ChosenOperation chosen = choice_.choose(write, whole_documents);
  if (!chosen.new_bytes.empty()) document_ = repo::content_ref(*write.after);
  return chosen;
}

void CommitStream::expect_sendable() {
  CommitWrites writes(state_.nodes(), plan_.base, commit_);
  while (const std::optional<Write> write = writes.next()) choice_.expect_sendable(*write);
}

bool CommitStream::resume_at(const ResumePoint& point) {
  if (point.operations >= plan_.operations) return false;
  for (; sent_ < point.operations; ++sent_) {
    const Write write = next_write();
    if (sent_ + 1 < point.operations) continue;
    wire::OperationElement last;
    paths_.encode(write.path, !write.before.has_value(), last);
  }
  resumes_ = true;
  if (point.bytes == 0) return true;
  std::uint64_t whole_documents = 0;
  chosen_ = choose(whole_documents);
  std::uint64_t skipped = point.bytes;
  std::vector<Stretch>& stretches = chosen_->new_bytes;
  while (!stretches.empty() && stretches.front().bytes <= skipped) {
    skipped -= stretches.front().bytes;
    stretches.erase(stretches.begin());
  }
  if (stretches.empty()) return false;
  stretches.front().offset += skipped;
  stretches.front().bytes -= skipped;
  return true;
}

std::optional<wire::Element> CommitStream::next(std::uint64_t& whole_documents,
                                                std::uint64_t& operations) {
  if (std::exchange(at_beginning_, false)) {
    if (resumes_) return wire::ResumeElement{};
    return first_element();
  }
  if (!stretches_.empty()) return next_piece();
  if (sent_ == plan_.operations) return std::nullopt;
  if (!chosen_) {
    chosen_ = choose(whole_documents);
    if (frames_ != nullptr) {
      if (auto dictionary = frames_->take_dictionary()) return *std::move(dictionary);
    }
  }
  ChosenOperation chosen = *std::exchange(chosen_, std::nullopt);
  ++sent_;
  ++operations;
  stretches_ = std::move(chosen.new_bytes);
  std::reverse(stretches_.begin(), stretches_.end());
  if (!stretches_.empty()) {
    reader_ = std::make_unique<objects::ContentReader>(*state_.store, document_);
  }
  return std::move(chosen.element);
}

/// Filled from several stretches, where the first is short.
wire::Element CommitStream::next_piece() {
  wire::PieceElement piece;
  while (!stretches_.empty() && piece.bytes.size() < wire::PieceElement::kBytesMax) {
    Stretch& stretch = stretches_.back();
    const std::uint64_t count =
        std::min<std::uint64_t>(stretch.bytes, wire::PieceElement::kBytesMax - piece.bytes.size());
    const Bytes bytes = reader_->read(stretch.offset, count);
    if (bytes.size() != count) throw Error(ErrorCode::kCorrupt, "a document is shorter than said");
    piece.bytes += bytes;
    stretch.offset += count;
    stretch.bytes -= count;
    if (stretch.bytes == 0) stretches_.pop_back();
  }
  return piece;
}

}  // namespace isodb::sync
