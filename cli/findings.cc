#include "cli/findings.h"

#include "cli/scope_view.h"
#include "cli/text.h"

namespace isodb::cli {

namespace {

void print_not_seen(Context& context, const NotSeen& not_seen) {
  if (not_seen.contents > 0) {
    context.out() << counted(not_seen.contents, "content") << " not held, for this copy has only "
                  << scope_words(context.repository(Access::kRead).scope())
                  << ": their ids are proved, their bytes were not seen\n";
  }
  if (not_seen.contents_erased > 0) {
    context.out() << counted(not_seen.contents_erased, "content")
                  << " erased for good: their ids are proved, nobody has their bytes\n";
  }
  if (not_seen.merges_erased > 0) {
    context.out() << counted(not_seen.merges_erased, "merge")
                  << " not computed again, for something that went into them is erased: what their "
                     "authors signed stands\n";
  }
  if (not_seen.merges > 0) {
    context.out() << counted(not_seen.merges, "merge")
                  << " not computed again, for want of contents that this copy does not hold\n";
  }
}

}  // namespace

ExitCode print_findings(Context& context, const std::vector<Finding>& findings,
                        const std::string& clean, const NotSeen& not_seen) {
  for (const Finding& finding : findings) {
    if (context.json()) {
      context.print(JsonObject().string("where", finding.where).string("problem", finding.problem));
    } else {
      context.out() << context.paint(Style::kRed, printable(finding.where)) << ": "
                    << printable(finding.problem) << "\n";
    }
  }
  if (context.json()) {
    context.print(JsonObject()
                      .boolean("ok", findings.empty())
                      .number("findings", findings.size())
                      .number("contents_not_held", not_seen.contents)
                      .number("merges_not_computed", not_seen.merges)
                      .number("contents_erased", not_seen.contents_erased)
                      .number("merges_of_erased", not_seen.merges_erased));
  } else if (!findings.empty()) {
    context.out() << counted(findings.size(), "problem") << "\n";
  } else if (!context.quiet()) {
    context.out() << clean << "\n";
  }
  if (!context.json()) print_not_seen(context, not_seen);
  return findings.empty() ? ExitCode::kDone : ExitCode::kUnverified;
}

}  // namespace isodb::cli
