#include "cli/scope_view.h"

#include "cli/text.h"

namespace isodb::cli {

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
