#include "cli/change.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/input.h"
#include "cli/json_document.h"
#include "core/json_patch.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string file = "-";
  bool merge = false;
  std::optional<std::string> message;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "a JSON document");
  options.argument("[FILE]", &arguments.file, "the patch; default: -, standard input");
  options.flag("--merge", arguments.merge,
               "the patch is a JSON Merge Patch (RFC 7396), not a JSON Patch (RFC 6902)");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

core::Json read_patch(const Arguments& arguments) {
  Input input(arguments.file);
  core::Json patch = json_of(input.name(), input.read_all(kJsonBytesMax));
  if (!arguments.merge && !patch.is_array()) {
    throw Error(ErrorCode::kInvalid,
                "a JSON Patch is an array of operations; " + input.name() +
                    " holds a value of kind " + std::string(core::json_kind_name(patch.kind())),
                "--merge takes it as a Merge Patch");
  }
  return patch;
}

Outcome apply(const Arguments& arguments, const core::Json& patch, Transaction& transaction) {
  const auto before = transaction.get(arguments.path);
  if (!before) throw_no_document(transaction.snapshot(), arguments.path);
  const core::Json document = json_of(arguments.path, *before);
  const core::Json after = arguments.merge ? core::apply_merge_patch(document, patch)
                                           : core::apply_json_patch(document, patch);
  if (after == document) return Outcome::kUnchanged;
  transaction.put(arguments.path, laid_out_as(*before, after));
  return Outcome::kChanged;
}

ExitCode run(const Arguments& arguments, Context& context) {
  check_path(arguments.path);
  context.repository(Access::kWrite);  // before the input: a missing repository shows at once
  const core::Json patch = read_patch(arguments);
  return change_documents(
      context, arguments.message.value_or("patch " + arguments.path),
      [&](Transaction& transaction) { return apply(arguments, patch, transaction); });
}

}  // namespace

Command patch_command() {
  return {.name = "patch",
          .summary = "change fields of a JSON document",
          .details =
              "By a JSON Patch, all operations or none, or by a JSON Merge Patch. A 'test' "
              "operation that does not hold ends with exit code 3. The document keeps its "
              "indentation, the order of its members and the spelling of its numbers.",
          .examples = {{"echo '[{\"op\":\"replace\",\"path\":\"/crop\",\"value\":\"rye\"}]' | "
                        "isodb patch farm/field-7.json",
                        "replace a field"},
                       {"echo '{\"crop\":\"rye\",\"note\":null}' | isodb patch --merge "
                        "farm/field-7.json",
                        "set one field and remove another"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
