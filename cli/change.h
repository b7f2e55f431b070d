#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "isodb/transaction.h"

namespace isodb::cli {

/// Whether a change made any difference to the documents.
enum class Outcome { kChanged, kUnchanged };

/// Whether two entries of one path, before and after, differ but for their stamps.
Outcome outcome_of(const std::optional<Entry>& before, const std::optional<Entry>& after);

/// Runs `change` on the open draft, which keeps it, or else on a transaction of its own, which is
/// committed with the message, unless it made no difference. Prints what came of it. StaleError
/// when the branch moved on.
ExitCode change_documents(Context& context, const std::string& message,
                          const std::function<Outcome(Transaction&)>& change);

/// Commits a transaction and prints "[main 1a2b3c4d5e6f] message", or that nothing changed.
ExitCode commit_and_print(Context& context, Transaction& transaction, const CommitOptions& options);

/// Says that nothing was to be done.
void print_unchanged(Context& context, const std::string& branch);

/// Prints a commit that was just made.
void print_commit(Context& context, const std::string& branch, const CommitId& commit,
                  const std::string& message, std::uint64_t changes);

/// "heads/main" as people call it: "main".
std::string branch_name(const std::string& ref);

}  // namespace isodb::cli
