#include <cstring>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_document.h"
#include "cli/stale.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string file = "-";
  std::optional<std::string> type, metadata, content, message;
  bool if_absent = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document");
  options.argument("[FILE]", &arguments.file, "its bytes; default: -, standard input");
  options.option("--type TYPE", &arguments.type,
                 "media type; default: by the path's extension, else as before");
  options.option("--meta JSON", &arguments.metadata,
                 "fields of your own beside the document, a JSON object; default: as before");
  options.flag("--if-absent", arguments.if_absent, "only if there is no such document yet");
  options.option("--if-content ID", &arguments.content,
                 "only if the document's content still has this id (see 'isodb ls --long')");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

/// Refuses what does not hold, and has the commit check it again against the newest state.
void check_conditions(const Arguments& arguments, Transaction& transaction) {
  const std::string& path = arguments.path;
  const std::string hint = "read it again with 'isodb get " + path + "', then decide";
  if (!arguments.if_absent && !arguments.content) return;
  const auto entry = transaction.entry(path);
  std::optional<Id> actual;
  if (entry) actual = entry->content;
  if (arguments.if_absent) {
    if (entry) throw StaleError(path + " is there already", hint, actual, {path});
    transaction.expect_absent(path);
    return;
  }
  constexpr std::size_t kDigitsMin = 4;
  const std::string& wanted = *arguments.content;
  if (wanted.size() < kDigitsMin || wanted.size() > 2 * Id::kSize ||
      wanted.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(ErrorCode::kInvalid, "--if-content takes an id of 4 to 64 digits 0-9a-f");
  }
  if (!actual) throw StaleError("there is no document " + path, hint, actual, {path});
  if (!actual->hex().starts_with(wanted)) {
    throw StaleError("the content of " + path + " is " + actual->short_hex() + ", not " + wanted,
                     hint, actual, {path});
  }
  transaction.expect_content(path, *actual);
}

/// The type that the transaction will give the document (PutOptions::media_type).
std::string type_of(const Arguments& arguments, Transaction& transaction) {
  if (arguments.type) return *arguments.type;
  const std::string_view by_path = media_type_for_path(arguments.path);
  if (!by_path.empty()) return std::string(by_path);
  const auto before = transaction.entry(arguments.path);
  return before ? before->media_type : "";
}

void put(const Arguments& arguments, Context& context, Input& input, Transaction& transaction) {
  const PutOptions options{.media_type = arguments.type, .metadata = arguments.metadata};
  const bool checked = media_type_is_json(type_of(arguments, transaction));
  const Bytes begin = input.read_up_to(checked ? kJsonBytesMax : kBlobBytesMax + 1);
  if (begin.size() <= kBlobBytesMax || (checked && begin.size() < kJsonBytesMax)) {
    if (checked) check_json(context, input.name(), begin);
    transaction.put(arguments.path, begin, options);
    return;
  }
  if (checked) context.note(input.name() + " is too large to be checked as JSON");
  std::size_t taken = 0;
  const auto more = [&](char* buffer, std::size_t size) {
    const std::size_t held = std::min(size, begin.size() - taken);
    std::memcpy(buffer, begin.data() + taken, held);
    taken += held;
    return held > 0 ? held : input.read(buffer, size);
  };
  transaction.put_stream(arguments.path, more, options);
}

ExitCode run(const Arguments& arguments, Context& context) {
  check_path(arguments.path);
  if (arguments.if_absent && arguments.content) {
    throw Error(ErrorCode::kInvalid, "--if-absent and --if-content exclude each other");
  }
  context.repository(Access::kWrite);  // before the input: a missing repository shows at once
  Input input(arguments.file);
  if (input.is_terminal()) context.note("reading from the terminal; Ctrl-D ends the document");
  return change_documents(context, arguments.message.value_or("put " + arguments.path),
                          [&](Transaction& transaction) {
                            check_conditions(arguments, transaction);
                            const auto before = transaction.entry(arguments.path);
                            put(arguments, context, input, transaction);
                            return outcome_of(before, transaction.entry(arguments.path));
                          });
}

}  // namespace

Command put_command() {
  return {.name = "put",
          .summary = "store a document",
          .details =
              "The bytes are stored unchanged. A document whose media type is JSON must be JSON; "
              "with --type text/plain anything goes. The change is a commit of its own unless a "
              "draft is open ('isodb begin').\n\n"
              "--if-absent and --if-content make it a compare-and-swap: exit code 3 when somebody "
              "else was faster.",
          .examples = {{"isodb put farm/field-7.json field.json", "store a file"},
                       {"echo '{\"ok\":true}' | isodb put state.json --if-absent",
                        "store standard input, unless the document exists"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
