#include "sync/stream_estimate.h"

#include <algorithm>
#include <variant>

namespace isodb::sync {
namespace {

constexpr double kPieceBytesAUnit = 256;
/// So many commits back is of late: few, as one import would else weigh for long.
constexpr double kCommitsRemembered = 16;
constexpr double kBytesMax = static_cast<double>(std::uint64_t{1} << 50);

double as_double(std::uint64_t number) {
  return static_cast<double>(number);
}

double not_below_zero(double number) {
  return std::max(number, 0.0);
}

}  // namespace

void StreamEstimate::expect(const wire::ExpectMessage& told) {
  const double skipped = bytes_skipped_;
  forget();
  bytes_skipped_ = skipped;
  is_told_ = true;
  commits_left_ = as_double(told.commits);
  documents_ = as_double(told.documents);
}

void StreamEstimate::resume_behind(std::uint64_t document_bytes) {
  bytes_skipped_ = as_double(document_bytes);
}

void StreamEstimate::begin_commit(double operations) {
  if (has_commit_) {
    const double churn = operations_ - not_below_zero(grown_in_commit_);
    churn_ += (churn - churn_) / std::min(++churns_, kCommitsRemembered);
  }
  has_commit_ = true;
  commits_left_ = not_below_zero(commits_left_ - 1);
  operations_left_ = operations;
  operations_ = grown_in_commit_ = piece_bytes_left_ = 0;
  ++done_;
}

void StreamEstimate::note_operation(const wire::OperationElement& operation) {
  ++done_;
  ++operations_;
  operations_left_ = not_below_zero(operations_left_ - 1);
  const bool deletes = operation.kind == wire::OperationKind::kDelete;
  if (operation.is_new != deletes) {  // a new path that is deleted was none before
    const double more = operation.is_new ? 1 : -1;
    grown_ += more;
    grown_in_commit_ += more;
  }
  piece_bytes_left_ = 0;
  for (const wire::LargePart& part : operation.parts)
    piece_bytes_left_ += as_double(part.new_bytes);
  if (operation.parts.empty()) return;
  piece_bytes_left_ = not_below_zero(piece_bytes_left_ - bytes_skipped_);
  bytes_skipped_ = 0;
}

void StreamEstimate::note(const wire::Element& element) {
  if (const auto* commit = std::get_if<wire::CommitElement>(&element)) {
    bytes_skipped_ = 0;
    begin_commit(as_double(commit->operations));
  } else if (const auto* operation = std::get_if<wire::OperationElement>(&element)) {
    note_operation(*operation);
  } else if (const auto* piece = std::get_if<wire::PieceElement>(&element)) {
    const double bytes = as_double(piece->bytes.size());
    done_ += bytes / kPieceBytesAUnit;
    piece_bytes_left_ = not_below_zero(piece_bytes_left_ - bytes);
  } else if (const auto* object = std::get_if<wire::ObjectElement>(&element)) {
    if (object->type == ObjectType::kCommit) begin_commit(0);
    piece_bytes_left_ = as_double(object->size);
  } else if (const auto* dictionary = std::get_if<wire::DictionaryElement>(&element)) {
    bytes_ -= as_double(dictionary->bytes.size());  // what is to come does not bring it again
  } else if (const auto* resume = std::get_if<wire::ResumeElement>(&element);
             resume != nullptr && !resume->among_objects) {
    begin_commit(0);  // how many operations are left of it, was said in another session
  }
}

double StreamEstimate::left() const {
  const double documents = documents_ - not_below_zero(grown_) - operations_left_;
  return operations_left_ + piece_bytes_left_ / kPieceBytesAUnit + commits_left_ * (1 + churn_) +
         not_below_zero(documents);
}

std::uint64_t StreamEstimate::bytes_to_come() const {
  if (!is_told_ || done_ < 1) return 0;
  return static_cast<std::uint64_t>(std::min(left() * (not_below_zero(bytes_) / done_), kBytesMax));
}

}  // namespace isodb::sync
