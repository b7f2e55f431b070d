#include "sync/want_rounds.h"

#include <string>
#include <utility>

namespace isodb::sync {

void WantRounds::begin() {
  has_arrived_ = false;
  merge_rounds_ = 0;
}

const Wanting* WantRounds::go_on(const wire::Agreement& theirs, Report& report) {
  if (!has_arrived_) has_arrived_ = arrive(theirs, report);
  if (!has_arrived_ || (goal_.wider && !widen(report))) return &*wanting_;
  return nullptr;
}

/// False where contents have to come first.
bool WantRounds::arrive(const wire::Agreement& theirs, Report& report) {
  const bool is_vain = wanting_ && wanting_->missing_paths().size() == wanting_->entries();
  wanting_.reset();
  if (is_vain) merge_rounds_ = kMergeRoundsMax;
  for (;;) {
    const bool may_ask = is_partial_ && merge_rounds_ < kMergeRoundsMax;
    const std::vector<ContentNotHeld::Need> needs =
        bring_to_refs(repository_, incoming_, theirs, goal_.destination, {}, may_ask, report);
    if (needs.empty()) return true;
    ++merge_rounds_;
    Wanting wanting(repository_, incoming_.objects());
    for (const ContentNotHeld::Need& need : needs) wanting.add(need);
    if (!wanting.is_empty()) {
      wanting_.emplace(std::move(wanting));
      return false;
    }
    merge_rounds_ = kMergeRoundsMax;
  }
}

/// False where contents have to come first.
bool WantRounds::widen(Report& report) {
  if (!absent_) absent_.emplace(repository_, *goal_.wider);
  if (wanting_) {
    const std::vector<std::string> missing = wanting_->missing_paths();
    report.contents_missing.insert(report.contents_missing.end(), missing.begin(), missing.end());
    report.contents_received += wanting_->entries() - missing.size();
    wanting_.reset();
  }
  Wanting wanting(repository_, incoming_.objects());
  while (!wanting.is_full()) {
    const std::optional<AbsentContents::Item> item = absent_->next();
    if (!item) break;
    wanting.add(*item);
  }
  if (!wanting.is_empty()) {
    wanting_.emplace(std::move(wanting));
    return false;
  }
  if (!report.contents_missing.empty()) {
    incoming_.flush();
    return true;
  }
  incoming_.widen(goal_.wider_than, *goal_.wider);
  goal_.wider.reset();
  return true;
}

}  // namespace isodb::sync
