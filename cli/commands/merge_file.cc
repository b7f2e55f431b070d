#include <filesystem>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output_file.h"
#include "cli/script_run.h"
#include "cli/text.h"
#include "merge/document_merge.h"
#include "merge/rules.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string base, left, right;
  std::optional<std::string> rules, script, path, output;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("BASE", &arguments.base, "the file that both began with");
  options.argument("LEFT", &arguments.left, "what one made of it");
  options.argument("RIGHT", &arguments.right, "what the other made of it, later");
  options.option("--rules FILE", &arguments.rules, "merge by the rules in this file");
  options.option("--script FILE", &arguments.script,
                 "the script that the rule names; default: as it is beside the rules' file");
  options.option("--path PATH", &arguments.path,
                 "as the document of this path; default: the name of LEFT");
  options.option("-o,--output FILE", &arguments.output,
                 "write this file; default: standard output");
}

merge::DocumentPtr read(const std::string& file, const std::string& media_type) {
  return merge::Document::make({Input(file).read_all(merge::kMergedBytesMax), media_type, {}});
}

merge::Rules read_rules(const std::optional<std::string>& file) {
  if (!file) return {};
  try {
    return merge::Rules::parse(Input(*file).read_all(merge::kRulesBytesMax));
  } catch (const Error& error) {
    throw error.within(*file);
  }
}

/// The script of a rule: rules.json stands for .isodb/merge.json, so what it calls
/// .isodb/merge/a.star is merge/a.star beside it.
std::optional<MeasuredScript> read_script(const Arguments& arguments, const merge::Rule* rule) {
  if (rule == nullptr || rule->script.empty()) return std::nullopt;
  if (arguments.script) return MeasuredScript(*arguments.script);
  const std::string below = rule->script.substr(kGovernedPrefix.size());
  return MeasuredScript(std::filesystem::path(*arguments.rules).replace_filename(below).string());
}

void check(const Arguments& arguments) {
  if (arguments.path) check_path(*arguments.path);
  if (arguments.script && !arguments.rules) {
    throw Error(ErrorCode::kInvalid, "--script stands for the script that a rule in --rules names",
                "'isodb script test FILE BASE LEFT RIGHT' merges by a script alone");
  }
}

void print(Context& context, const merge::MergedDocument& merged, const Bytes& bytes,
           bool is_in_file) {
  if (context.json()) {
    JsonObject object;
    object.objects("conflicts", conflicts_json(merged));
    if (merged.script) object.string("script", merged.script->message);
    context.print(object.bytes("text", bytes));
    return;
  }
  if (!is_in_file) context.out() << bytes;
  for (const std::string& line : conflict_lines(merged)) context.note(line);
  if (merged.script) context.note("the script: " + printable(merged.script->message));
}

ExitCode run(const Arguments& arguments, Context& context) {
  check(arguments);
  const std::size_t slash = arguments.left.rfind('/');
  const std::string path =
      arguments.path.value_or(arguments.left.substr(slash == std::string::npos ? 0 : slash + 1));
  const std::string media_type(media_type_for_path(path));
  const merge::Rules rules = read_rules(arguments.rules);
  merge::FileMerge files;
  files.path = path;
  files.base = read(arguments.base, media_type);
  files.left = read(arguments.left, media_type);
  files.right = read(arguments.right, media_type);
  files.rule = rules.find(path);
  std::optional<MeasuredScript> script = read_script(arguments, files.rule);
  if (script) files.script = &*script;
  const merge::MergedDocument merged = merge::merge_files(files);
  const Bytes bytes = merged.document ? merged.document->content() : Bytes();
  if (arguments.output) {
    OutputFile file(*arguments.output);
    file.write(bytes);
    file.finish();
  }
  print(context, merged, bytes, arguments.output.has_value());
  return merged.conflicts.empty() ? ExitCode::kDone : ExitCode::kConflicts;
}

}  // namespace

Command merge_file_command() {
  return {.name = "merge-file",
          .summary = "merge three files by the rules of documents",
          .details =
              "Needs no repository. What merging could not decide is RIGHT's, and named on "
              "standard error: exit code 4. So it serves as a merge driver of git.",
          .examples = {{"isodb merge-file base.json mine.json theirs.json", "print the merge"},
                       {"isodb merge-file b.json l.json r.json --rules merge.json -o out.json",
                        "by rules, into a file"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
