#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <tuple>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/meeting.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "isodb/bundle.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct CreateArguments {
  std::string file;
  std::string since;
  std::optional<std::string> split;
};

struct FileArguments {
  std::vector<std::string> files;
  bool any_signer = false;
};

/// "4000000", "700M", "4G": powers of 1,024.
std::uint64_t parse_size(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  unsigned shift = 0;
  if (unit == "K" || unit == "KiB") shift = 10;
  if (unit == "M" || unit == "MiB") shift = 20;
  if (unit == "G" || unit == "GiB") shift = 30;
  if (failed != std::errc() || (shift == 0 && !unit.empty()) || number >> (63 - shift) != 0) {
    throw Error(ErrorCode::kInvalid, "'" + text + "' is no size",
                "a number of bytes, or one with K, M or G after it: 700M");
  }
  return number << shift;
}

/// What keeps a bundle's branches or tags from where they belong: exit code 7.
std::optional<Error> error_of(const sync::BundleApplied& applied) {
  const std::string file = applied.info.file.string();
  if (applied.is_set_aside) {
    return Error(ErrorCode::kDenied,
                 file +
                     ": whoever signed it may not write here: its branches are below "
                     "remotes/bundle/, its tags left out",
                 "--any-signer brings them in");
  }
  if (applied.report.refs_refused.empty()) return std::nullopt;
  return refs_refused_error(applied.report).within(file);
}

void print_info(Context& context, const sync::BundleInfo& info,
                const sync::BundleApplied* applied) {
  if (context.json()) {
    JsonObject object;
    std::vector<JsonObject> refs;
    for (const auto& [name, ids] : info.refs) {
      std::vector<std::string> heads;
      for (const Id& id : ids) heads.push_back(id.hex());
      refs.push_back(JsonObject().string("ref", name).strings("heads", heads));
    }
    object.string("file", info.file.string())
        .id("repository", info.repository)
        .number("part", info.part)
        .number("parts", info.parts)
        .objects("refs", refs)
        .strings("prerequisites", hex_of(info.prerequisites))
        .number("bytes", info.bytes)
        .string("signer", info.signer.fingerprint());
    if (info.commits) {
      object.number("commits", *info.commits).number("operations", *info.operations);
    }
    if (applied != nullptr) {
      add_report(object, applied->report);
      object.boolean("was_applied", applied->was_applied)
          .boolean("set_aside", applied->is_set_aside)
          .boolean("lacks_refused", applied->lacks_refused);
      if (const auto error = error_of(*applied)) {
        object.string("error", error_code_name(error->code()));
      }
    }
    context.print(object);
    return;
  }
  if (context.quiet()) return;
  context.out() << printable_line(info.file.string()) << ": ";
  if (info.parts > 1) {
    context.out() << "part " << grouped(info.part) << " of " << grouped(info.parts) << "; ";
  }
  if (info.commits) context.out() << counted(*info.commits, "commit") << ", ";
  context.out() << human_bytes(info.bytes) << "; signed by "
                << context.paint(Style::kYellow, info.signer.fingerprint()) << "\n";
}

void declare_create(Options& options, CreateArguments& arguments) {
  options.argument("FILE", &arguments.file, "the file to write");
  options.option("--since REV", &arguments.since,
                 "only what came after: a revision, or a remote's name for what it had last");
  options.option("--split SIZE", &arguments.split,
                 "parts FILE.1, FILE.2 and so on of at most this size: 700M");
}

void check_is_new(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  throw Error(ErrorCode::kInvalid, file + " is there already", "choose another name, or remove it");
}

ExitCode create(const CreateArguments& arguments, Context& context) {
  sync::BundleOptions options;
  options.since = arguments.since;
  if (arguments.split) options.split_bytes = parse_size(*arguments.split);
  options.progress = context.progress("bytes");
  Repository& repository = context.repository(Access::kWrite);
  check_is_new(options.split_bytes == 0 ? arguments.file : arguments.file + ".1");
  const auto infos = sync::create_bundle(repository, arguments.file, options);
  options.progress = {};
  for (const sync::BundleInfo& info : infos) print_info(context, info, nullptr);
  return ExitCode::kDone;
}

void declare_files(Options& options, FileArguments& arguments) {
  options.argument("FILE...", &arguments.files, "bundles; the parts of one in their order");
}

void declare_apply(Options& options, FileArguments& arguments) {
  declare_files(options, arguments);
  options.flag("--any-signer", arguments.any_signer,
               "bring branches and tags in though whoever signed the bundle may not write here");
}

/// What people have to know beside what came.
void explain(const sync::BundleApplied& applied, Context& context) {
  if (applied.was_applied) {
    return context.note("part " + grouped(applied.info.part) +
                        " was applied before: nothing to do; part 1 begins the bundle again");
  }
  if (!applied.is_complete) {
    context.note("branches move with the last part, of " + grouped(applied.info.parts));
  }
  if (applied.lacks_refused) {
    context.note("parts before had commits that were refused; what descends from them is left out");
  }
}

/// What a part's name is without its number.
std::string_view name_of_bundle(std::string_view file) {
  const std::size_t dot = file.find_last_not_of("0123456789");
  return dot != std::string_view::npos && file[dot] == '.' ? file.substr(0, dot) : file;
}

/// A shell's FILE.* names FILE.10 before FILE.2: parts go by their numbers, bundles as they came.
std::vector<std::string> in_order_of_parts(std::vector<std::string> files) {
  std::map<std::string, std::size_t, std::less<>> place_of;
  for (const std::string& file : files) {
    place_of.emplace(name_of_bundle(file), place_of.size());
  }
  const auto place = [&](const std::string& file) {
    return std::tuple(place_of.find(name_of_bundle(file))->second, file.size(),
                      std::string_view(file));
  };
  std::ranges::stable_sort(files, {}, place);
  return files;
}

ExitCode apply(const FileArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  ExitCode code = ExitCode::kDone;
  bool moved = false;
  for (const std::string& file : in_order_of_parts(arguments.files)) {
    const sync::BundleApplied applied = sync::apply_bundle(
        repository, file,
        {.any_signer = arguments.any_signer, .progress = context.progress("bytes")});
    print_info(context, applied.info, &applied);
    if (!context.json() && !context.quiet()) print_report(context, applied.report);
    explain(applied, context);
    moved = moved || applied.is_complete;
    if (const auto error = error_of(applied)) {
      code = worse_of(code, exit_code_of(error->code()));
      context.out().flush();
      report_error(*error, exit_code_of(error->code()),
                   context.json() ? ErrorForm::kJson : ErrorForm::kText);
    }
    if (!applied.report.refused.empty() || applied.lacks_refused) {
      code = worse_of(code, ExitCode::kUnverified);
    }
  }
  return moved ? worse_of(code, conflicts_remaining(context, repository)) : code;
}

ExitCode verify(const FileArguments& arguments, Context& context) {
  for (const std::string& file : in_order_of_parts(arguments.files)) {
    const sync::BundleInfo info = sync::verify_bundle(file, context.progress("bytes"));
    print_info(context, info, nullptr);
    if (context.json() || context.quiet()) continue;
    for (const auto& [name, ids] : info.refs) {
      for (const Id& id : ids)
        context.out() << "  " << printable(name) << "  " << id.short_hex() << "\n";
    }
    for (const CommitId& id : info.prerequisites) {
      context.out() << "  needs " << id.short_hex() << "\n";
    }
  }
  return ExitCode::kDone;
}

}  // namespace

Command bundle_command() {
  return {
      .name = "bundle",
      .summary = "carry commits in a file",
      .details =
          "A bundle is one direction of a sync, written down and signed: for a stick, a mail, a "
          "line that only sends. It is applied any number of times; every commit in it proves "
          "itself, and is checked as in a sync. A file is verified from end to end before anything "
          "of it is taken: of one that is cut off or damaged nothing is.",
      .examples = {{"isodb bundle create week.bundle --since hub", "what the hub lacks"},
                   {"isodb bundle apply week.bundle", "on the other side"}},
      .declare = {},
      .children = {{.name = "create",
                    .summary = "write a bundle",
                    .details = "",
                    .examples = {},
                    .declare = bind<CreateArguments>(declare_create, create),
                    .children = {}},
                   {.name = "apply",
                    .summary = "take in bundles",
                    .details = "",
                    .examples = {},
                    .declare = bind<FileArguments>(declare_apply, apply),
                    .children = {}},
                   {.name = "verify",
                    .summary = "check structure and signature, and say what is in it",
                    .details = "",
                    .examples = {},
                    .declare = bind<FileArguments>(declare_files, verify),
                    .children = {}}}};
}

}  // namespace isodb::cli
