#include "cli/scope_view.h"

#include "cli/text.h"

namespace isodb::cli {
namespace {

bool is_on_some_branch(const Repository& repository, const std::string& path) {
  for (const char* prefix : {"heads/", "remotes/"}) {
    for (const RefInfo& ref : repository.refs(prefix)) {
      if (ref.name.find("/tags/") != std::string::npos) continue;  // may name anything
      const Snapshot snapshot = repository.snapshot(ref.name);
      if (snapshot.entry(path) || snapshot.documents(path + "/").valid()) return true;
    }
  }
  return false;
}

}  // namespace

std::string scope_words(const Scope& scope) {
  std::string words = scope.prefixes.empty() ? "every document" : "";
  for (std::size_t i = 0; i < scope.prefixes.size(); ++i) {
    if (i > 0) words += i + 1 < scope.prefixes.size() ? ", " : " and ";
    words += printable(scope.prefixes[i]);
  }
  if (scope.boundary.empty()) return words;
  words += ", as of ";
  words += scope.boundary.size() == 1 ? scope.boundary.front().short_hex()
                                      : counted(scope.boundary.size(), "commit");
  return words + " and later";
}

void note_absent(Context& context, const Repository& repository,
                 const std::vector<std::string>& paths) {
  for (std::string path : paths) {
    if (path.ends_with('/')) path.pop_back();
    if (is_on_some_branch(repository, path)) continue;
    context.note("there is nothing at or below '" + printable(path) +
                 "' on any branch now; what comes there will be held");
  }
}

void add_scope(JsonObject& object, const Scope& scope) {
  if (scope.is_whole()) {
    object.null("scope");
    return;
  }
  std::vector<std::string> boundary;
  for (const CommitId& commit : scope.boundary) boundary.push_back(commit.hex());
  object.object("scope",
                JsonObject().strings("prefixes", scope.prefixes).strings("boundary", boundary));
}

}  // namespace isodb::cli
