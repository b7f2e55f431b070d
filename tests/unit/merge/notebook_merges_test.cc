#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/json.h"
#include "tests/support/merging.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

void collect_strings(const Json& value, std::set<std::string>& strings) {
  if (value.is_string()) strings.emplace(value.as_string());
  if (value.is_array()) {
    for (const Json& item : value.items()) collect_strings(item, strings);
  }
  if (value.is_object()) {
    for (const JsonMember& member : value.members()) collect_strings(member.value, strings);
  }
}

std::set<std::string> strings_of(const DocumentPtr& document) {
  std::set<std::string> strings;
  collect_strings(*document->json(), strings);
  return strings;
}

struct Notebooks {
  DocumentPtr base, left, right;
  MergedDocument merged;
};

Notebooks merge_notebooks(const std::filesystem::path& folder, const std::string& name,
                          const std::vector<std::string>& suffixes) {
  const auto document = [&](const std::string& suffix) {
    return json_document(slurp(folder / (name + suffix + ".ipynb")));
  };
  Notebooks n{document(suffixes[0]), document(suffixes[1]), document(suffixes[2])};
  n.merged = merge_files({"n.ipynb", n.base, n.left, n.right});
  return n;
}

/// Every string that `side` brought is there.
void check_kept(const Notebooks& n, const DocumentPtr& side) {
  const auto before = strings_of(n.base), after = strings_of(n.merged.document);
  for (const std::string& string : strings_of(side)) {
    INFO(string);
    if (!before.contains(string)) CHECK(after.contains(string));
  }
}

}  // namespace

TEST_CASE("Notebooks merge without loss") {
  const auto folder = shared_data("merge/nbdime");
  if (!folder) return;
  const Notebooks clean =
      merge_notebooks(*folder, "multilevel-test", {"-base", "-local", "-remote"});
  CHECK(clean.merged.conflicts.empty());
  CHECK(*clean.merged.document->json() ==
        parse_json(slurp(*folder / "multilevel-test-merged.ipynb")));
  check_kept(clean, clean.left);
  check_kept(clean, clean.right);
  for (const auto& [name, suffixes] :
       {std::pair{"cellids", std::vector<std::string>{"--base", "--local", "--remote"}},
        {"inline-conflict", {"--1", "--2", "--3"}},
        {"source-conflict", {"--1", "--2", "--3"}}}) {
    INFO(name);
    const Notebooks both = merge_notebooks(*folder, name, suffixes);
    CHECK(conflicts_text(both.merged.conflicts) == "/cells both-changed");
    check_kept(both, both.right);
  }
}
