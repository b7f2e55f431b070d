#include "cli/findings.h"

#include "cli/text.h"

namespace isodb::cli {

ExitCode print_findings(Context& context, const std::vector<Finding>& findings,
                        const std::string& clean) {
  for (const Finding& finding : findings) {
    if (context.json()) {
      context.print(JsonObject().string("where", finding.where).string("problem", finding.problem));
    } else {
      context.out() << context.paint(Style::kRed, printable(finding.where)) << ": "
                    << printable(finding.problem) << "\n";
    }
  }
  if (context.json()) {
    context.print(JsonObject().boolean("ok", findings.empty()).number("findings", findings.size()));
  } else if (!findings.empty()) {
    context.out() << counted(findings.size(), "problem") << "\n";
  } else if (!context.quiet()) {
    context.out() << clean << "\n";
  }
  return findings.empty() ? ExitCode::kDone : ExitCode::kUnverified;
}

}  // namespace isodb::cli
