#include "cli/commands.h"
#include "cli/ref_option.h"
#include "cli/stale.h"

namespace isodb::cli {
namespace {

struct GetArguments {
  std::string name;
};

struct SetArguments {
  std::string name, revision;
  std::optional<std::string> expected, reason;
};

struct ListArguments {
  std::string prefix;
};

void print_ref(Context& context, const std::string& name, const std::optional<Id>& target) {
  if (context.json()) {
    context.print(JsonObject().string("ref", name).id("target", target));
  } else if (!context.quiet()) {
    context.out() << (target ? target->hex() : "none") << "\n";
  }
}

void declare_get(Options& options, GetArguments& arguments) {
  options.argument("REF", &arguments.name, "the ref's full name: heads/main");
}

ExitCode get(const GetArguments& arguments, Context& context) {
  const std::optional<Id> target = context.repository(Access::kRead).ref(arguments.name);
  if (!target) throw_no_ref(context.repository(Access::kRead), arguments.name);
  if (context.json()) {
    context.print(JsonObject().string("ref", arguments.name).id("target", target));
  } else {
    context.out() << target->hex() << "\n";
  }
  return ExitCode::kDone;
}

void declare_set(Options& options, SetArguments& arguments) {
  options.argument("REF", &arguments.name, "the ref's full name: heads/main");
  options.argument("REV", &arguments.revision, "what it shall name, or 'none' to delete it");
  options.option("--expect ID", &arguments.expected,
                 "only if it names this now: an id, a revision, or 'none' where it must not exist");
  options.option("-m,--message TEXT", &arguments.reason, "the reason, for the reflog");
}

/// "none" or what a revision names.
std::optional<Id> target_of(const Repository& repository, const std::string& revision) {
  if (revision == "none") return std::nullopt;
  return repository.resolve(revision);
}

ExitCode set(const SetArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::optional<Id> actual = repository.ref(arguments.name);
  // A name without a folder would hide a branch or a tag of that name from every revision.
  if (!actual && arguments.name.find('/') == std::string::npos) {
    throw Error(ErrorCode::kInvalid, "'" + arguments.name + "' is not the full name of a ref",
                "a full name has a folder: heads/" + arguments.name);
  }
  const std::optional<Id> next = target_of(repository, arguments.revision);
  const std::optional<Id> expected =
      arguments.expected ? target_of(repository, *arguments.expected) : actual;
  if (!next && arguments.name == repository.current_branch()) {
    throw Error(ErrorCode::kInvalid, "the current branch cannot be deleted",
                "'isodb switch' to another one first");
  }
  move_ref(repository, arguments.name, expected, next, arguments.reason.value_or("ref set"));
  print_ref(context, arguments.name, next);
  return ExitCode::kDone;
}

void declare_list(Options& options, ListArguments& arguments) {
  options.argument("[PREFIX]", &arguments.prefix, "only refs whose name begins so: tags/");
}

ExitCode list(const ListArguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  context.page();
  for (const RefInfo& ref : repository.refs(arguments.prefix)) {
    if (context.json()) {
      context.print(JsonObject()
                        .string("ref", ref.name)
                        .id("target", ref.target)
                        .string("type", object_type_name(ref.type)));
    } else {
      context.out() << context.paint(Style::kYellow, ref.target.hex()) << " " << ref.name << "\n";
    }
  }
  return ExitCode::kDone;
}

template <typename Arguments>
Command child(const std::string& name, const std::string& summary, const std::string& details,
              void (*declare)(Options&, Arguments&), ExitCode (*run)(const Arguments&, Context&)) {
  return {.name = name,
          .summary = summary,
          .details = details,
          .examples = {},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace

Command ref_command() {
  return {.name = "ref",
          .summary = "read and move refs by compare-and-swap",
          .details =
              "A ref is the one thing in a repository that changes: a name for an object. Every "
              "move is kept in the reflog.",
          .examples = {{"isodb ref set heads/main @~1 --expect $(isodb ref get heads/main)",
                        "move main back, unless somebody else moved it meanwhile"},
                       {"isodb ref set locks/harvest @ --expect none",
                        "take a lock: exit code 3 when somebody has it"}},
          .declare = {},
          .children = {
              child("get", "print what a ref names", "Exit code 1 when there is no such ref.",
                    declare_get, get),
              child("set", "make a ref name something else",
                    "Exit code 3, with the actual value, when the ref is not what --expect says. "
                    "Without --expect it is what it was when the command began.",
                    declare_set, set),
              child("list", "list refs and what they name", "", declare_list, list)}};
}

}  // namespace isodb::cli
