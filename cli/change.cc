#include "cli/change.h"

#include "cli/held_back.h"
#include "cli/stale.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

void print_staged(Context& context, const std::string& branch, const std::string& message,
                  std::uint64_t changes) {
  if (context.json()) {
    context.print(JsonObject()
                      .null("commit")
                      .string("branch", branch)
                      .boolean("staged", true)
                      .number("changes", changes)
                      .string("message", message));
  } else if (!context.quiet()) {
    context.out() << "staged: " << printable(message) << " (" << counted(changes, "change")
                  << " in the draft)\n";
  }
}

}  // namespace

void print_unchanged(Context& context, const std::string& branch) {
  if (context.json()) {
    context.print(JsonObject().null("commit").string("branch", branch).number("changes", 0));
  } else if (!context.quiet()) {
    context.out() << "nothing changed\n";
  }
}

std::string branch_name(const std::string& ref) {
  constexpr std::string_view kHeads = "heads/";
  return ref.starts_with(kHeads) ? ref.substr(kHeads.size()) : ref;
}

Outcome outcome_of(const std::optional<Entry>& before, const std::optional<Entry>& after) {
  const bool same = before && after && before->content == after->content &&
                    before->media_type == after->media_type &&
                    before->metadata == after->metadata && before->flags == after->flags;
  return same ? Outcome::kUnchanged : Outcome::kChanged;
}

void print_commit(Context& context, const std::string& branch, const CommitId& commit,
                  const std::string& message, std::uint64_t changes) {
  if (context.quiet() && !context.json()) return;
  const HeldBack held = held_back(context.repository(Access::kRead), {commit});
  if (context.json()) {
    JsonObject object;
    object.id("commit", commit)
        .string("branch", branch)
        .number("changes", changes)
        .bytes("message", message);
    add_held_back(object, held);
    context.print(object);
    return;
  }
  context.out() << "[" << branch_name(branch) << " "
                << context.paint(Style::kYellow, commit.short_hex()) << "] "
                << printable(message.substr(0, message.find('\n'))) << "\n";
  note_held_back(context, held, "this commit");
}

ExitCode commit_and_print(Context& context, Transaction& transaction,
                          const CommitOptions& options) {
  const std::string branch = transaction.branch();
  const std::uint64_t changes = transaction.change_count();
  if (transaction.empty() && !options.allow_empty) {
    print_unchanged(context, branch);
    return ExitCode::kDone;
  }
  const auto result = transaction.commit(options);
  if (const auto* stale = std::get_if<Stale>(&result)) throw stale_commit(*stale);
  print_commit(context, branch, std::get<CommitId>(result), options.message, changes);
  return ExitCode::kDone;
}

ExitCode change_documents(Context& context, const std::string& message,
                          const std::function<Outcome(Transaction&)>& change) {
  Repository& repository = context.repository(Access::kWrite);
  if (!repository.draft()) {
    Transaction transaction = repository.begin();
    if (change(transaction) == Outcome::kUnchanged) {
      print_unchanged(context, transaction.branch());
      return ExitCode::kDone;
    }
    return commit_and_print(context, transaction, {.message = message});
  }
  Transaction draft = repository.draft_transaction();
  if (change(draft) == Outcome::kUnchanged) {
    print_unchanged(context, draft.branch());
    return ExitCode::kDone;
  }
  repository.save_draft(draft);
  print_staged(context, draft.branch(), message, draft.change_count());
  return ExitCode::kDone;
}

}  // namespace isodb::cli
