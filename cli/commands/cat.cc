#include "cli/commands.h"
#include "isodb/describe.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string id;
  bool type = false, size = false, pretty = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("ID", &arguments.id, "an object's id, a unique prefix of it, or any revision");
  options.flag("--type", arguments.type, "print only what it is: blob, list, tree, commit, …");
  options.flag("--size", arguments.size, "print only how many bytes it has");
  options.flag("--pretty", arguments.pretty, "print trees and lists as text, an item a line");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const Id id = repository.resolve(arguments.id);
  const ObjectType object_type = repository.object_type(id);
  const std::string type(object_type_name(object_type));
  if (arguments.type && !context.json()) {
    context.out() << type << "\n";
    return ExitCode::kDone;
  }
  const Bytes payload = repository.object(id);
  if (context.json()) {
    JsonObject object;
    object.id("id", id).string("type", type).number("size", payload.size());
    if (!arguments.type && !arguments.size) object.bytes("payload", payload);
    context.print(object);
  } else if (arguments.size) {
    context.out() << std::to_string(payload.size()) << "\n";
  } else if (arguments.pretty) {
    context.page();
    context.out() << describe_object(object_type, payload);
  } else {
    context.out() << payload;
  }
  return ExitCode::kDone;
}

}  // namespace

Command cat_command() {
  return {.name = "cat",
          .summary = "print an object as it is hashed",
          .details =
              "The bytes that follow \"<type> <size>\" and a zero byte in what SHA-256 is "
              "taken of: anyone can compute the id again.",
          .examples = {{"isodb cat @", "the newest commit, signature included"},
                       {"(printf 'blob %s\\0' $(isodb cat --size 1a2b3c); isodb cat 1a2b3c) | "
                        "sha256sum",
                        "compute the id of a blob"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
