#include <algorithm>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/scope_view.h"
#include "cli/text.h"
#include "isodb/space.h"

namespace isodb::cli {
namespace {

struct Arguments {
  bool kinds = false, prefixes = false, garbage = false;
  std::string prefix;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PREFIX]", &arguments.prefix, "with --prefix: only what is below it");
  options.flag("--kinds", arguments.kinds, "bytes on disk by what they hold");
  options.flag("--prefix", arguments.prefixes,
               "the documents of the current branch by the first segment of their paths");
  options.flag("--garbage", arguments.garbage, "what 'isodb gc' would free");
}

/// A column of names and one of numbers.
void print_row(Context& context, std::string_view name, std::uint64_t bytes, std::string rest) {
  constexpr std::size_t kNameColumns = 12, kBytesColumns = 10;
  std::string size = human_bytes(bytes);
  size.insert(0, kBytesColumns - std::min(kBytesColumns, size.size()), ' ');
  const std::size_t width = columns(name);
  context.out() << name << std::string(kNameColumns - std::min(kNameColumns, width), ' ') << size
                << "  " << rest << "\n";
}

void print_kinds(Context& context, const Repository& repository) {
  for (const SpaceOfKind& kind : space_by_kind(repository, context.progress("objects"))) {
    if (context.json()) {
      context.print(JsonObject()
                        .string("kind", kind.kind)
                        .number("objects", kind.objects)
                        .number("bytes", kind.bytes)
                        .number("plain_bytes", kind.plain_bytes));
      continue;
    }
    const std::string rest = kind.objects == 0 ? ""
                                               : counted(kind.objects, "object") + " of " +
                                                     human_bytes(kind.plain_bytes);
    print_row(context, kind.kind, kind.bytes, rest);
  }
}

void print_prefixes(Context& context, const Repository& repository, const std::string& prefix) {
  for (const SpaceOfPrefix& part : space_by_prefix(repository, "@", prefix)) {
    if (context.json()) {
      context.print(JsonObject()
                        .string("prefix", part.prefix)
                        .number("documents", part.documents)
                        .number("bytes", part.bytes));
      continue;
    }
    print_row(context, printable_line(part.prefix), part.bytes,
              counted(part.documents, "document"));
  }
}

void print_garbage(Context& context, const Repository& repository) {
  const Garbage garbage = find_garbage(repository, {}, context.progress("objects"));
  if (context.json()) {
    context.print(JsonObject()
                      .number("garbage_objects", garbage.objects)
                      .number("garbage_bytes", garbage.bytes)
                      .number("garbage_moves", garbage.moves));
    return;
  }
  print_row(context, "garbage", garbage.bytes,
            counted(garbage.objects, "object") + ", " + counted(garbage.moves, "move") +
                " of refs to be forgotten");
}

ExitCode print_summary(Context& context, const Repository& repository) {
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
        .number("documents_not_held", statistics.documents_not_held)
        .number("documents_erased", statistics.documents_erased);
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
  if (statistics.documents_erased > 0) {
    context.out() << "erased      " << counted(statistics.documents_erased, "document") << "\n";
  }
  if (!scope.is_whole()) {
    context.out() << "partial     " << scope_words(scope) << "; "
                  << counted(statistics.documents_not_held, "document") << " not held\n";
  }
  return ExitCode::kDone;
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const bool by_prefix = arguments.prefixes || !arguments.prefix.empty();
  if (arguments.kinds) print_kinds(context, repository);
  if (by_prefix) print_prefixes(context, repository, arguments.prefix);
  if (arguments.garbage) print_garbage(context, repository);
  if (arguments.kinds || by_prefix || arguments.garbage) return ExitCode::kDone;
  return print_summary(context, repository);
}

}  // namespace

Command stats_command() {
  return {.name = "stats",
          .summary = "say how much the repository holds and takes",
          .details =
              "Commits and documents of the current branch; objects and bytes on disk of all. "
              "Documents count with their full size, what they take on disk is shared and "
              "compressed. --kinds reads the head of every record, --prefix every tree node of the "
              "branch, --garbage walks all that is kept; none changes anything.",
          .examples = {{"isodb stats", "for people"},
                       {"isodb stats --kinds", "what takes the space"},
                       {"isodb stats --prefix farm/", "which folders below farm/ are large"},
                       {"isodb stats --json | jq .pack_bytes", "one number, for a program"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
