#include <unordered_set>

#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/document_diff.h"
#include "cli/folder.h"
#include "cli/graph.h"
#include "cli/time_option.h"
#include "core/clock.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string revision = "@";
  std::uint64_t limit = UINT64_MAX;
  std::optional<std::string> since, until;
  bool graph = false, one_line = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PATH]", &arguments.path,
                   "only commits that changed this document, or anything in this folder");
  options.option("--at REV", &arguments.revision, "from this revision back; default: @");
  options.option("-n,--limit N", &arguments.limit, "at most this many commits");
  options.option("--since TIME", &arguments.since,
                 "only commits from this time on: 2026-11-20, 2026-11-20T08:00 (UTC), or an age: "
                 "90m, 36h, 7d, 4w");
  options.option("--until TIME", &arguments.until, "only commits up to this time");
  options.flag("--graph", arguments.graph, "draw the lines of descent beside the commits");
  options.flag("--oneline", arguments.one_line, "one line a commit: id, refs, subject");
}

struct TimeSpan {
  std::uint64_t since = 0, until = UINT64_MAX;
};

TimeSpan span_of(const Arguments& arguments) {
  const std::uint64_t now = core::system_environment().now_millis();
  TimeSpan span;
  if (arguments.since) span.since = parse_time_option("--since", *arguments.since, now);
  if (arguments.until) span.until = parse_time_option("--until", *arguments.until, now);
  return span;
}

/// The path as log wants it: a folder ends in '/'. Error(kNotFound) when no commit ever had it.
std::string log_path(const Snapshot& snapshot, const std::string& path) {
  if (path.empty() || path.ends_with('/')) return path;
  check_path(path);
  const bool document = snapshot.entry(path).has_value();
  return !document && snapshot.documents(path + "/").valid() ? path + "/" : path;
}

/// Passes the commits asked for to `take`, newest first.
void select(const Arguments& arguments, const Repository& repository,
            const std::vector<CommitId>& from, const std::string& path,
            const ProgressFunction& progress,
            const std::function<void(const LoggedCommit&)>& take) {
  const TimeSpan span = span_of(arguments);
  std::uint64_t left = arguments.limit;
  if (left == 0) return;
  repository.log(from, {.path = path, .progress = progress}, [&](const LoggedCommit& logged) {
    // Clocks fall from here on, and no commit was made after its clock.
    if (logged.commit.clock.millis() < span.since) return false;
    const std::uint64_t time = time_of(logged.commit);
    if (time >= span.since && time <= span.until) {
      take(logged);
      --left;
    }
    return left > 0;
  });
}

void print_text(const Arguments& arguments, Context& context, CommitView& view,
                const LoggedCommit& logged, const CommitGraph::Rows& rows) {
  std::vector<std::string> lines;
  if (arguments.one_line) {
    lines.push_back(view.line(logged.id, logged.commit));
  } else {
    lines = view.lines(logged.id, logged.commit);
    lines.emplace_back();
  }
  std::size_t width = rows.plain.size();
  for (const std::string& row : rows.lines) width = std::max(width, row.size() + 1);
  for (std::size_t i = 0; i < std::max(lines.size(), rows.lines.size()); ++i) {
    std::string text = i < rows.lines.size() ? rows.lines[i] : rows.plain;
    if (i < lines.size() && !lines[i].empty() && arguments.graph) {
      text.resize(std::max(text.size(), width), ' ');
    }
    if (i < lines.size()) text += lines[i];
    context.out() << text << "\n";
  }
}

void print_json(Context& context, CommitView& view, const LoggedCommit& logged) {
  JsonObject object = view.json(logged.id, logged.commit);
  if (logged.change) add_change(object, *logged.change);
  context.print(object);
}

/// The graph needs every commit's parents before it can draw those that are shown.
void print_graph(const Arguments& arguments, Context& context, CommitView& view,
                 const Repository& repository, const std::vector<CommitId>& from,
                 const std::string& path) {
  std::unordered_set<Id> selected;
  select(arguments, repository, from, path, context.progress("commits"),
         [&](const LoggedCommit& logged) { selected.insert(logged.id); });
  std::vector<CommitId> commits;
  std::vector<std::vector<CommitId>> parents;
  std::vector<bool> shown;
  std::size_t left = selected.size();
  repository.log(from, {}, [&](const LoggedCommit& logged) {
    if (left == 0) return false;
    commits.push_back(logged.id);
    parents.push_back(logged.commit.parents);
    shown.push_back(selected.contains(logged.id));
    if (shown.back()) --left;
    return true;
  });
  parents = shown_parents(commits, parents, shown);
  CommitGraph graph;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (!shown[i]) continue;
    const LoggedCommit logged{commits[i], repository.commit(commits[i]), std::nullopt};
    print_text(arguments, context, view, logged, graph.next(logged.id, parents[i]));
  }
}

/// No commit has the path; often it is a revision.
[[noreturn]] void throw_no_history(const Repository& repository, const Snapshot& snapshot,
                                   const std::string& path) {
  bool is_revision = path == "HEAD" || path.starts_with("HEAD~");
  try {
    repository.resolve_heads(path);
    is_revision = true;
  } catch (const Error&) {
    // It is none; what has to be said is said below.
  }
  if (!is_revision) throw_no_document(snapshot, path);
  throw Error(ErrorCode::kNotFound, "no document " + path,
              "a revision comes after --at: isodb log --at @~2");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const Snapshot snapshot = repository.snapshot(arguments.revision);
  const std::vector<CommitId> from = repository.resolve_heads(arguments.revision);
  const std::string path = log_path(snapshot, arguments.path);
  CommitView view(context, repository);
  context.page();
  if (arguments.graph && !context.json()) {
    print_graph(arguments, context, view, repository, from, path);
    return ExitCode::kDone;
  }
  bool found = false;
  const auto print = [&](const LoggedCommit& logged) {
    found = true;
    if (context.json()) {
      print_json(context, view, logged);
    } else {
      print_text(arguments, context, view, logged, {});
    }
  };
  select(arguments, repository, from, path, context.progress("commits"), print);
  const bool narrowed = arguments.since || arguments.until || arguments.limit == 0;
  if (!found && !path.empty() && !narrowed) {
    throw_no_history(repository, snapshot, arguments.path);
  }
  return ExitCode::kDone;
}

}  // namespace

Command log_command() {
  return {.name = "log",
          .summary = "show the commits that led here",
          .details =
              "Newest first, each commit before its parents. With PATH only those that wrote or "
              "removed the document; a document that is gone has its history still.",
          .examples = {{"isodb log farm/field-7.json --since 7d", "what happened to a document"},
                       {"isodb log --graph --oneline -n 20", "the shape of the newest history"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
