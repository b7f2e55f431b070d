#include <filesystem>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/script_run.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct CheckArguments {
  std::vector<std::string> files;
};

struct TestArguments {
  std::string script;
  std::optional<std::string> base, left, right, cases, path;
  std::vector<std::string> more;
  std::optional<std::uint64_t> steps, cells;
};

void declare_check(Options& options, CheckArguments& arguments) {
  options.argument("FILE...", &arguments.files, "the scripts");
}

ExitCode check(const CheckArguments& arguments, Context& context) {
  for (const std::string& file : arguments.files) {
    compile_script_file(file);
    if (context.json()) {
      context.print(JsonObject().string("script", file).boolean("valid", true));
    } else if (!context.quiet()) {
      context.out() << printable_line(file) << ": a merge script\n";
    }
  }
  return ExitCode::kDone;
}

void declare_test(Options& options, TestArguments& arguments) {
  options.argument("FILE", &arguments.script, "the script");
  options.argument("[BASE]", &arguments.base,
                   "the document that both began with; an empty file: there was none");
  options.argument("[LEFT]", &arguments.left, "what one made of it");
  options.argument("[RIGHT]", &arguments.right, "what another made of it, later");
  options.argument("[MORE...]", &arguments.more, "what others made of it, later still");
  options.option("--cases FILE", &arguments.cases,
                 "run these cases; default: without documents, NAME.test.json beside NAME.star");
  options.option("--path PATH", &arguments.path,
                 "as the document of this path; default: the name of LEFT");
  options.option("--steps N", &arguments.steps, "the budget of steps; default: 1000000");
  options.option("--cells N", &arguments.cells, "the budget of cells; default: 1000000");
}

std::uint64_t budget_of(const std::optional<std::uint64_t>& given, const std::string& name,
                        std::uint64_t otherwise) {
  if (given && (*given < 1 || *given > merge::kScriptBudgetMax)) {
    throw Error(ErrorCode::kInvalid, "--" + name + " must be from 1 to 100000000");
  }
  return given.value_or(otherwise);
}

JsonObject described(const ScriptRun& run) {
  JsonObject object;
  object.objects("conflicts", conflicts_json(run.merged))
      .number("calls", run.calls)
      .number("steps", run.steps)
      .number("cells", run.cells)
      .strings("printed", run.printed);
  if (run.merged.script) {
    object.object("failure", JsonObject()
                                 .string("reason", run.merged.script->reason)
                                 .string("message", run.merged.script->message));
  } else {
    object.null("failure");
  }
  return run.merged.document ? object.bytes("text", run.merged.document->content())
                             : object.null("text");
}

std::string cost_of(const ScriptRun& run) {
  if (run.calls == 0) return "not called";
  return counted(run.calls, "call") + ", up to " + grouped(run.steps) + " steps and " +
         grouped(run.cells) + " cells";
}

merge::DocumentPtr read(const std::string& file, const std::string& media_type) {
  return merge::Document::make({Input(file).read_all(merge::kMergedBytesMax), media_type, {}});
}

/// The documents of the command line as a case of their own.
ScriptCase case_of(const TestArguments& arguments) {
  if (!arguments.right) {
    throw Error(ErrorCode::kInvalid, "a merge needs BASE, LEFT and RIGHT",
                "without documents, the cases beside the script are run");
  }
  ScriptCase given;
  given.path = arguments.path.value_or(std::filesystem::path(*arguments.left).filename().string());
  const std::string media_type(media_type_for_path(given.path));
  given.base = read(*arguments.base, media_type);
  if (given.base->content().empty()) given.base = nullptr;
  given.versions = {read(*arguments.left, media_type), read(*arguments.right, media_type)};
  for (const std::string& file : arguments.more) given.versions.push_back(read(file, media_type));
  return given;
}

ExitCode test_documents(const TestArguments& arguments, Context& context) {
  merge::Rule rule;
  rule.steps = budget_of(arguments.steps, "steps", rule.steps);
  rule.cells = budget_of(arguments.cells, "cells", rule.cells);
  const ScriptRun run = run_case(case_of(arguments), rule, arguments.script);
  if (context.json()) {
    context.print(described(run));
  } else {
    context.out() << run.merged.document->content();
    for (const std::string& line : run.printed) context.note("printed: " + printable(line));
    if (run.merged.script) context.note("the script: " + printable(run.merged.script->message));
    for (const std::string& line : conflict_lines(run.merged)) context.note(printable(line));
    context.note(cost_of(run));
  }
  return run.merged.conflicts.empty() ? ExitCode::kDone : ExitCode::kConflicts;
}

void print_case(Context& context, const ScriptCase& tested, const ScriptRun& run,
                const std::vector<std::string>& wrong) {
  if (context.json()) {
    context.print(described(run)
                      .string("case", tested.name)
                      .boolean("passed", wrong.empty())
                      .strings("differences", wrong));
    return;
  }
  if (context.quiet() && wrong.empty()) return;
  context.out() << (wrong.empty() ? context.paint(Style::kGreen, "ok")
                                  : context.paint(Style::kRed, "FAILED"))
                << "  " << printable_line(tested.name) << "  (" << cost_of(run) << ")\n";
  for (const std::string& line : wrong) context.out() << "    " << printable(line) << "\n";
  for (const std::string& line : run.printed) {
    context.out() << "    printed: " << printable(line) << "\n";
  }
}

ExitCode test_cases(const TestArguments& arguments, Context& context) {
  const std::string file = arguments.cases.value_or(
      std::filesystem::path(arguments.script).replace_extension(".test.json").string());
  ScriptCases cases = read_script_cases(file);
  cases.rule.steps = budget_of(arguments.steps, "steps", cases.rule.steps);
  cases.rule.cells = budget_of(arguments.cells, "cells", cases.rule.cells);
  std::uint64_t failed = 0;
  for (ScriptCase& tested : cases.cases) {
    if (arguments.path) tested.path = *arguments.path;
    const ScriptRun run = run_case(tested, cases.rule, arguments.script);
    const std::vector<std::string> wrong = differences(tested, run);
    if (!wrong.empty()) ++failed;
    print_case(context, tested, run, wrong);
  }
  if (!context.json() && (failed > 0 || !context.quiet())) {
    context.out() << counted(cases.cases.size(), "case") << ", " << grouped(failed) << " failed\n";
  }
  return failed == 0 ? ExitCode::kDone : ExitCode::kNotFound;
}

ExitCode test(const TestArguments& arguments, Context& context) {
  if (arguments.base && arguments.cases) {
    throw Error(ErrorCode::kInvalid, "either documents or --cases");
  }
  return arguments.base ? test_documents(arguments, context) : test_cases(arguments, context);
}

}  // namespace

Command script_command() {
  return {.name = "script",
          .summary = "try merge scripts before they are committed",
          .details =
              "A merge script decides how documents merge whose rule names it. Needs no "
              "repository; every merge runs a script as this does.",
          .examples = {{"isodb script check stock.star", "does it compile?"},
                       {"isodb script test stock.star", "run the cases of stock.test.json"},
                       {"isodb script test stock.star base.json left.json right.json",
                        "print the merge, and what it took"}},
          .declare = {},
          .children = {{.name = "check",
                        .summary = "compile scripts",
                        .details = "The first fault is named with line and column.",
                        .examples = {},
                        .declare = bind(declare_check, check),
                        .children = {}},
                       {.name = "test",
                        .summary = "run a script on documents, or on the cases beside it",
                        .details = "Documents are merged as if all began with BASE. The result "
                                   "goes to standard output, conflicts and costs to standard "
                                   "error; exit code 4 when there is a conflict. Without "
                                   "documents, each case of a file is run and held against what "
                                   "it expects; exit code 1 when one differs.",
                        .examples = {},
                        .declare = bind(declare_test, test),
                        .children = {}}}};
}

}  // namespace isodb::cli
