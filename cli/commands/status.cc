#include <algorithm>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/held_back.h"
#include "cli/scope_view.h"
#include "cli/text.h"
#include "isodb/sync.h"

namespace isodb::cli {
namespace {

struct Change {
  std::string_view word;  ///< for --json
  std::string_view mark;
  Style style;
};

Change change_of(const Difference& difference) {
  if (!difference.before) return {"added", "A", Style::kGreen};
  if (!difference.after) return {"removed", "D", Style::kRed};
  return {"changed", "M", Style::kYellow};
}

std::optional<Id> content_of(const std::optional<Entry>& entry) {
  if (!entry) return std::nullopt;
  return entry->content;
}

/// What other devices sent and this one takes when its time has come, the first of them first.
std::vector<std::uint64_t> times_awaited(const Repository& repository) {
  std::vector<std::uint64_t> times;
  for (const sync::RefusedRecord& record : sync::refused_commits(repository)) {
    if (record.parked) times.push_back(record.until_millis);
  }
  std::ranges::sort(times);
  return times;
}

/// What waits, here for its time or because of it elsewhere.
void print_waiting(Context& context, const Repository& repository) {
  for (const std::string& sentence :
       held_back_sentences(repository, held_back(repository), "the newest commit")) {
    context.out() << sentence << "\n";
  }
  const std::vector<std::uint64_t> times = times_awaited(repository);
  if (times.empty()) return;
  context.out() << counted(times.size(), "commit")
                << " of other devices parked, as their clocks were ahead; the first is taken from "
                << iso_time(times.front()) << ": 'isodb sync --show-refused' lists them\n";
}

void print_json(Context& context, const Repository& repository, const std::string& branch,
                const std::optional<Id>& head, const std::optional<Repository::DraftInfo>& draft,
                const Scope& scope) {
  JsonObject state;
  state.string("branch", branch).id("head", head).boolean("draft", draft.has_value());
  if (draft) state.number("changes", draft->changes.size());
  add_scope(state, scope);
  if (const auto url = sync::unfinished_clone(repository)) {
    state.string("unfinished_clone", *url);
  } else {
    state.null("unfinished_clone");
  }
  state.number("parked", times_awaited(repository).size());
  add_held_back(state, held_back(repository));
  context.print(state);
  if (!draft) return;
  for (const Difference& difference : draft->changes) {
    context.print(JsonObject()
                      .string("path", difference.path)
                      .string("change", change_of(difference).word)
                      .id("before", content_of(difference.before))
                      .id("after", content_of(difference.after)));
  }
}

ExitCode run(Context& context) {
  Repository& repository = context.repository(Access::kRead);
  const auto draft = repository.draft();
  const std::string branch = draft ? draft->branch : repository.current_branch();
  const std::optional<Id> head = repository.ref(branch);
  const Scope scope = repository.scope();
  if (context.json()) {
    print_json(context, repository, branch, head, draft, scope);
    return ExitCode::kDone;
  }
  context.page();
  context.out() << "on branch " << context.paint(Style::kCyan, branch_name(branch));
  if (head) context.out() << ", at " << context.paint(Style::kYellow, head->short_hex());
  context.out() << "\n";
  if (const std::string unfinished = context.unfinished_clone(); !unfinished.empty()) {
    context.out() << printable(unfinished) << "\n";
  }
  if (!scope.is_whole()) {
    context.out() << "this copy is partial: it holds " << scope_words(scope) << "\n";
  }
  print_waiting(context, repository);
  if (!draft) {
    context.out() << "no draft is open: each change is a commit\n";
    return ExitCode::kDone;
  }
  context.out() << "a draft is open with " << counted(draft->changes.size(), "change") << "\n";
  if (head && draft->base && *head != *draft->base) {
    context.out() << "the branch moved on since the draft began at " << draft->base->short_hex()
                  << "\n";
  }
  for (const Difference& difference : draft->changes) {
    const Change change = change_of(difference);
    context.out() << context.paint(change.style,
                                   "  " + std::string(change.mark) + " " + difference.path)
                  << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command status_command() {
  return {.name = "status",
          .summary = "say which branch is current and what the draft holds",
          .details = "",
          .examples = {{"isodb status", "what would 'isodb commit' commit?"},
                       {"isodb status --json | jq -r 'select(.path).path'",
                        "the paths that the draft changes"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
