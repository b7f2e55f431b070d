#include <algorithm>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/ref_option.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string name;
  std::string revision = "@";
  std::optional<std::string> rename;
  bool remove = false, force = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[BRANCH]", &arguments.name, "the branch to make; default: list all");
  options.argument("[REV]", &arguments.revision, "where it begins; default: @");
  options.flag("-d,--delete", arguments.remove,
               "delete the branch; its commits stay in the reflog");
  options.option("-m,--move NAME", &arguments.rename, "give the branch this name");
  options.flag("-f,--force", arguments.force, "with -d: also when no other branch has its commits");
}

CommitId newest_of(const Repository& repository, const std::vector<CommitId>& commits) {
  return *std::max_element(commits.begin(), commits.end(),
                           [&](const CommitId& a, const CommitId& b) {
                             return repository.commit(a).clock < repository.commit(b).clock;
                           });
}

void list(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const std::string current = repository.current_branch();
  context.page();
  for (const RefInfo& ref : repository.refs(std::string(kHeadsPrefix))) {
    const std::vector<CommitId> heads = repository.resolve_heads(ref.name);
    const Commit commit = repository.commit(newest_of(repository, heads));
    const bool is_current = ref.name == current;
    if (context.json()) {
      context.print(JsonObject()
                        .string("branch", branch_name(ref.name))
                        .string("ref", ref.name)
                        .id("commit", ref.target)
                        .strings("heads", hex_of(heads))
                        .boolean("current", is_current)
                        .string("time", iso_time(time_of(commit)))
                        .bytes("message", commit.message));
    } else {
      context.out() << (is_current ? context.paint(Style::kGreen, "* " + branch_name(ref.name))
                                   : "  " + branch_name(ref.name))
                    << "  " << context.paint(Style::kYellow, ref.target.short_hex()) << " "
                    << (heads.size() > 1
                            ? "merge of " + counted(heads.size(), "commit") + ", the newest: "
                            : "")
                    << printable(subject_of(commit.message)) << "\n";
    }
  }
}

void print(Context& context, const std::string& ref, const std::optional<Id>& commit,
           const std::string& sentence) {
  if (context.json()) {
    context.print(
        JsonObject().string("branch", branch_name(ref)).string("ref", ref).id("commit", commit));
  } else if (!context.quiet()) {
    context.out() << sentence << "\n";
  }
}

void create(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string ref = new_ref(repository, kHeadsPrefix, arguments.name);
  const Id start = *repository.snapshot(arguments.revision).id();
  move_ref(repository, ref, std::nullopt, start, "branch: from " + arguments.revision);
  print(context, ref, start, "branch " + arguments.name + " begins at " + start.short_hex());
}

bool is_kept_elsewhere(const Repository& repository, const std::string& ref,
                       const CommitId& commit) {
  for (const RefInfo& other : repository.refs()) {
    if (other.name == ref) continue;
    Id target = other.target;
    if (other.type == ObjectType::kTag) target = repository.tag(TagId(target)).object;
    const ObjectType type = repository.object_type(target);
    if (type != ObjectType::kCommit && type != ObjectType::kMerge) continue;
    for (const CommitId& head : repository.resolve_heads(target.hex())) {
      if (repository.is_ancestor(commit, head)) return true;
    }
  }
  return false;
}

void check_not_current(const Repository& repository, const std::string& ref) {
  if (ref != repository.current_branch()) return;
  throw Error(ErrorCode::kInvalid, "the current branch cannot be deleted",
              "'isodb switch' to another one first");
}

void remove(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string ref = existing_ref(repository, kHeadsPrefix, arguments.name);
  check_not_current(repository, ref);
  const Id target = *repository.ref(ref);
  const std::vector<CommitId> heads = repository.resolve_heads(ref);
  const bool kept = std::all_of(heads.begin(), heads.end(), [&](const CommitId& head) {
    return is_kept_elsewhere(repository, ref, head);
  });
  if (!arguments.force && !kept) {
    throw Error(ErrorCode::kInvalid, "no other branch or tag has the commits of " + arguments.name,
                "--force deletes it all the same; 'isodb reflog " + ref + "' still names them");
  }
  move_ref(repository, ref, target, std::nullopt, "branch: deleted");
  print(context, ref, target,
        "deleted branch " + branch_name(ref) + " (was " + target.short_hex() + ")");
}

void rename(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string from = existing_ref(repository, kHeadsPrefix, arguments.name);
  const std::string to = new_ref(repository, kHeadsPrefix, *arguments.rename);
  const Id target = *repository.ref(from);
  // The new name first: a crash in between leaves two names, never none.
  move_ref(repository, to, std::nullopt, target, "branch: was " + branch_name(from));
  if (from == repository.current_branch()) repository.set_current_branch(to);
  move_ref(repository, from, target, std::nullopt, "branch: now " + branch_name(to));
  print(context, to, target, branch_name(from) + " is now " + branch_name(to));
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.name.empty()) {
    if (arguments.remove || arguments.rename) {
      throw Error(ErrorCode::kInvalid, "which branch?", "name it: 'isodb branch -d old'");
    }
    list(context);
  } else if (arguments.remove) {
    remove(arguments, context);
  } else if (arguments.rename) {
    rename(arguments, context);
  } else {
    create(arguments, context);
  }
  return ExitCode::kDone;
}

}  // namespace

Command branch_command() {
  return {.name = "branch",
          .summary = "list, make, rename or delete branches",
          .details =
              "A branch is a ref below heads/. Making one does not make it the current one: see "
              "'isodb switch'. The current branch is marked with '*'.",
          .examples = {{"isodb branch trial v1", "make the branch trial where the tag v1 is"},
                       {"isodb branch -d trial", "delete it again"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
