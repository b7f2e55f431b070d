#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/ref_option.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string name;
  std::string revision = "@";
  std::optional<std::string> message;
  bool remove = false, list = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[TAG]", &arguments.name, "the tag to make; with -l: only names beginning so");
  options.argument("[REV]", &arguments.revision, "what it names; default: @");
  options.option("-m,--message TEXT", &arguments.message,
                 "a signed tag with this message; default: a plain name");
  options.flag("-d,--delete", arguments.remove, "delete the tag");
  options.flag("-l,--list", arguments.list, "list tags; the default without TAG");
}

void print_json(Context& context, const RefInfo& ref, const Id& target,
                const std::optional<Tag>& tag) {
  JsonObject object;
  object.string("tag", ref.name.substr(kTagsPrefix.size()))
      .string("ref", ref.name)
      .id("target", target)
      .boolean("signed", tag.has_value());
  if (tag) {
    object.id("object", ref.target)
        .string("time", iso_time(tag->clock))
        .string("key", tag->author.text())
        .bytes("message", tag->message);
  }
  context.print(object);
}

void list(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  context.page();
  for (const RefInfo& ref : repository.refs(std::string(kTagsPrefix) + arguments.name)) {
    std::optional<Tag> tag;
    if (ref.type == ObjectType::kTag) tag = repository.tag(TagId(ref.target));
    const Id target = tag ? tag->object : ref.target;
    if (context.json()) {
      print_json(context, ref, target, tag);
      continue;
    }
    context.out() << ref.name.substr(kTagsPrefix.size()) << "  "
                  << context.paint(Style::kYellow, target.short_hex());
    if (tag) context.out() << " " << printable(subject_of(tag->message));
    context.out() << "\n";
  }
}

void remove(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string ref = existing_ref(repository, kTagsPrefix, arguments.name);
  const Id target = *repository.ref(ref);
  move_ref(repository, ref, target, std::nullopt, "tag: deleted");
  if (context.json()) {
    context.print(JsonObject().string("ref", ref).null("target").id("was", target));
  } else if (!context.quiet()) {
    context.out() << "deleted tag " << ref.substr(kTagsPrefix.size()) << " (was "
                  << target.short_hex() << ")\n";
  }
}

void create(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string ref = new_ref(repository, kTagsPrefix, arguments.name);
  const Id target = repository.resolve(arguments.revision);
  Id object = target;
  if (arguments.message) {
    object = repository.create_tag(arguments.name, target, *arguments.message);
  } else {
    move_ref(repository, ref, std::nullopt, target, "tag");
  }
  if (context.json()) {
    print_json(context, {ref, object, repository.object_type(object)}, target,
               arguments.message ? std::optional(repository.tag(TagId(object))) : std::nullopt);
  } else if (!context.quiet()) {
    context.out() << "tag " << arguments.name << " names " << target.short_hex()
                  << (arguments.message ? ", signed" : "") << "\n";
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.list || arguments.name.empty()) {
    if (arguments.remove || arguments.message) {
      throw Error(ErrorCode::kInvalid, "which tag?", "name it: 'isodb tag v1 -m \"handed over\"'");
    }
    list(arguments, context);
  } else if (arguments.remove) {
    remove(arguments, context);
  } else {
    create(arguments, context);
  }
  return ExitCode::kDone;
}

}  // namespace

Command tag_command() {
  return {.name = "tag",
          .summary = "list, make or delete tags",
          .details =
              "A tag is a ref below tags/ that stays. With -m it is an object of its own, signed "
              "with this clone's key.",
          .examples = {{"isodb tag v1 -m 'as handed over in March'", "a signed tag"},
                       {"isodb tag -l v", "every tag whose name begins with v"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
