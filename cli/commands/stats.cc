#include "cli/change.h"
#include "cli/commands.h"
#include "cli/scope_view.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const Repository::Statistics statistics = repository.statistics();
  const std::string branch = repository.current_branch();
  const Scope scope = repository.scope();
  if (context.json()) {
    JsonObject object;
    object.string("branch", branch)
        .number("commits", statistics.commits)
        .number("documents", statistics.documents)
        .number("document_bytes", statistics.document_bytes)
        .number("loose_objects", statistics.loose_objects)
        .number("loose_bytes", statistics.loose_bytes)
        .number("packs", statistics.packs)
        .number("packed_objects", statistics.packed_objects)
        .number("pack_bytes", statistics.pack_bytes)
        .number("database_bytes", statistics.database_bytes)
        .number("documents_not_held", statistics.documents_not_held);
    add_scope(object, scope);
    context.print(object);
    return ExitCode::kDone;
  }
  context.out() << "on " << branch_name(branch) << "     " << counted(statistics.commits, "commit")
                << ", " << counted(statistics.documents, "document") << " of "
                << human_bytes(statistics.document_bytes) << "\n"
                << "packed      " << counted(statistics.packed_objects, "object") << " in "
                << counted(statistics.packs, "pack") << ", " << human_bytes(statistics.pack_bytes)
                << "\n"
                << "loose       " << counted(statistics.loose_objects, "object") << ", "
                << human_bytes(statistics.loose_bytes) << "\n"
                << "repo.db     " << human_bytes(statistics.database_bytes) << "\n";
  if (!scope.is_whole()) {
    context.out() << "partial     " << scope_words(scope) << "; "
                  << counted(statistics.documents_not_held, "document") << " not held\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command stats_command() {
  return {.name = "stats",
          .summary = "say how much the repository holds and takes",
          .details =
              "Commits and documents of the current branch; objects and bytes on disk of all. "
              "Documents count with their full size, what they take on disk is shared and "
              "compressed.",
          .examples = {{"isodb stats", "for people"},
                       {"isodb stats --json | jq .pack_bytes", "one number, for a program"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
