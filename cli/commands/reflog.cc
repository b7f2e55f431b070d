#include <map>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/ref_option.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string ref;
  std::uint64_t limit = UINT64_MAX;
  bool all = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REF]", &arguments.ref, "a ref, also a deleted one; default: @");
  options.option("-n,--limit N", &arguments.limit, "at most this many moves");
  options.flag("--all", arguments.all, "the moves of every ref");
}

/// The full name of a ref that is, or was: "main" is heads/main.
std::string full_name(const Repository& repository, const std::string& name) {
  if (name.empty() || name == "@") return repository.current_branch();
  for (const std::string_view prefix : {std::string_view(), kHeadsPrefix, kTagsPrefix}) {
    std::string full = std::string(prefix) + name;
    if (!repository.reflog(full, 1).empty()) return full;
  }
  throw_no_ref(repository, name);
}

void print(Context& context, const ReflogItem& item, std::uint64_t ago) {
  if (context.json()) {
    context.print(JsonObject()
                      .number("number", item.number)
                      .string("ref", item.ref)
                      .id("before", item.before)
                      .id("after", item.after)
                      .string("time", iso_time(item.at_millis))
                      .string("key", item.writer)
                      .string("reason", item.reason));
    return;
  }
  context.out() << context.paint(Style::kYellow,
                                 item.after ? item.after->short_hex() : "(deleted)   ")
                << " " << branch_name(item.ref) << "@{" << std::to_string(ago) << "} "
                << iso_time(item.at_millis).substr(0, 19) << " " << printable(item.reason) << "\n";
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const std::string ref = arguments.all ? "" : full_name(repository, arguments.ref);
  const std::vector<ReflogItem> items = repository.reflog(ref, arguments.limit);
  std::map<std::string, std::uint64_t> moves;  // of each ref so far
  context.page();
  for (const ReflogItem& item : items) print(context, item, moves[item.ref]++);
  return ExitCode::kDone;
}

}  // namespace

Command reflog_command() {
  return {.name = "reflog",
          .summary = "list where a ref stood before",
          .details =
              "Newest first. What a line begins with can be used as a revision: main@{2} is where "
              "main stood two moves ago. The reflog belongs to this clone and keeps what it names "
              "from being collected.",
          .examples = {{"isodb reflog", "how the current branch moved"},
                       {"isodb reflog --all -n 20", "the newest moves of any ref"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
