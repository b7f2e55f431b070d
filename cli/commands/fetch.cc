#include "cli/commands.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string from;
  std::string name = "origin";
};

void declare(Options& options, Arguments& arguments) {
  options.argument("FROM", &arguments.from, "the folder of the other repository");
  options.option("--as NAME", &arguments.name,
                 "its branches become remotes/NAME/BRANCH; default: origin");
}

void print(Context& context, const Fetched& fetched) {
  for (const Fetched::Ref& ref : fetched.refs) {
    if (context.json()) {
      context.print(JsonObject()
                        .string("ref", ref.name)
                        .id("target", ref.target)
                        .boolean("moved", ref.moved));
    } else if (!context.quiet()) {
      context.out() << printable(ref.name) << "  "
                    << context.paint(Style::kYellow, ref.target.short_hex())
                    << (ref.moved ? "" : "  as before") << "\n";
    }
  }
  for (const Fetched::Refused& refused : fetched.refused) {
    if (context.json()) {
      context.print(JsonObject().id("refused", refused.commit).string("rule", refused.rule));
    } else {
      context.out() << context.paint(Style::kRed, "refused " + refused.commit.short_hex()) << ": "
                    << printable(refused.rule) << "\n";
    }
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const auto from = Repository::discover(arguments.from);
  if (!from) throw Error(ErrorCode::kNotFound, "there is no repository in " + arguments.from);
  Repository& repository = context.repository(Access::kWrite);
  const Fetched fetched =
      repository.fetch(Repository::open(*from, {.read_only = true}), arguments.name);
  print(context, fetched);
  context.note(counted(fetched.commits, "new commit"));
  return fetched.refused.empty() ? ExitCode::kDone : ExitCode::kUnverified;
}

}  // namespace

Command fetch_command() {
  return {.name = "fetch",
          .summary = "bring another repository's commits here",
          .details =
              "Its branches become refs under remotes/; 'isodb merge remotes/NAME/BRANCH' brings "
              "them into yours. Each commit is checked first: hash, signature, clock, place in "
              "history, rights. What fails is named (exit code 5) and left out, with all that "
              "descends from it.",
          .examples = {{"isodb fetch ../tablet.isodb --as tablet", "look at what the tablet has"},
                       {"isodb merge remotes/tablet/main", "and take it"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
