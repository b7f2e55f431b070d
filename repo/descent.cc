#include "repo/descent.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "isodb/error.h"
#include "repo/commit_walk.h"
#include "repo/history_index.h"

namespace isodb::repo {
namespace {

/// What a walk does in a few milliseconds.
constexpr std::uint64_t kStepsMax = 1024;

bool is_ancestor(const RepositoryState& state, const HistoryView& view, const CommitId& ancestor,
                 const CommitId& descendant) {
  CommitNumbers met;
  const auto is_known = [&](const CommitId& id) {
    const std::optional<CommitNumber> number = view.find(id);
    if (number) met.push_back(*number);
    return number.has_value();
  };
  const HybridTime clock = state.read_commit(ancestor).clock;
  if (!is_known(descendant)) {
    CommitWalk walk(state, {descendant});
    while (const std::optional<CommitWalk::Item> item = walk.next_unless(is_known, clock)) {
      if (item->id == ancestor) return true;
    }
  }
  const std::optional<CommitNumber> number = view.find(ancestor);
  return number && view.ancestry().past_of(met).holds(*number);
}

std::vector<CommitId> common_heads(const HistoryView& view, const std::vector<CommitId>& a,
                                   const std::vector<CommitId>& b) {
  std::vector<CommitId> heads;
  const auto numbers = [&](const std::vector<CommitId>& ids) { return view.find(ids).value(); };
  for (const CommitNumber head : view.ancestry().common_heads(numbers(a), numbers(b))) {
    heads.push_back(view.id(head));
  }
  std::sort(heads.begin(), heads.end());
  return heads;
}

}  // namespace

bool is_ancestor(const RepositoryState& state, const CommitId& ancestor,
                 const CommitId& descendant) {
  try {
    return is_ancestor(state, *state.history->known(), ancestor, descendant);
  } catch (const IndexDamaged&) {
    state.history->discard();
    return is_ancestor(state, HistoryView(HistoryView::Segments{}), ancestor, descendant);
  }
}

std::vector<CommitId> common_heads(const RepositoryState& state, const std::vector<CommitId>& a,
                                   const std::vector<CommitId>& b) {
  HistoryIndex& index = *state.history;
  std::vector<CommitId> heads = a;
  heads.insert(heads.end(), b.begin(), b.end());
  try {
    std::shared_ptr<const HistoryView> view = index.known();
    if (view->size() > 0) view = index.cover_with_few(heads);
    if (view && view->size() > 0) return common_heads(*view, a, b);
    if (auto found = state.merging->common_heads(a, b, kStepsMax)) return std::move(*found);
    view = index.cover(heads);
    if (view) return common_heads(*view, a, b);
  } catch (const IndexDamaged&) {
    index.discard();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;  // no space for it
  }
  return state.merging->common_heads(a, b, UINT64_MAX).value();
}

}  // namespace isodb::repo
