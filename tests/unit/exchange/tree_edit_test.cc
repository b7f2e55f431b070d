#include "exchange/tree_edit.h"

#include <catch2/catch.hpp>
#include <map>

#include "core/hash.h"

using namespace isodb;
using namespace isodb::exchange;

namespace {

Entry document(std::string_view content) {
  Entry entry;
  entry.content = core::object_id(ObjectType::kBlob, content);
  entry.size = content.size();
  return entry;
}

using Paths = std::map<std::string, Entry>;

Paths tree_of(std::initializer_list<const char*> paths) {
  Paths tree;
  for (const char* path : paths) tree[path] = document(path);
  return tree;
}

TreeEdit edit_of(const Paths& tree) {
  return TreeEdit({[&tree](std::string_view path) -> std::optional<Entry> {
                     const auto found = tree.find(std::string(path));
                     if (found == tree.end()) return std::nullopt;
                     return found->second;
                   },
                   [&tree](std::string_view prefix, std::size_t limit) {
                     std::vector<std::string> paths;
                     for (const auto& [path, entry] : tree) {
                       if (path.starts_with(prefix) && paths.size() < limit) paths.push_back(path);
                     }
                     return paths;
                   }});
}

/// "-a +b": what was removed and what was written.
std::string changes_of(const TreeEdit& edit) {
  std::string text;
  for (const ImportSession::Change& change : edit.changes()) {
    text += (change.entry ? " +" : " -") + change.path;
  }
  return text.empty() ? text : text.substr(1);
}

}  // namespace

TEST_CASE("writing a document where a folder was removes the folder") {
  const Paths tree = tree_of({"a/b", "a/c/d", "ab"});
  TreeEdit edit = edit_of(tree);
  edit.put("a", document("x"));
  CHECK(changes_of(edit) == "+a -a/b -a/c/d");
}

TEST_CASE("writing below a document removes the document") {
  const Paths tree = tree_of({"a", "b"});
  TreeEdit edit = edit_of(tree);
  edit.put("a/b/c", document("x"));
  CHECK(changes_of(edit) == "-a +a/b/c");
}

TEST_CASE("a path that changes from folder to document and back within one commit ends as it was") {
  const Paths tree = tree_of({"a/b"});
  TreeEdit edit = edit_of(tree);
  edit.put("a", document("x"));
  edit.put("a/b", document("a/b"));
  CHECK(changes_of(edit).empty());
}

TEST_CASE("removing takes a document, a whole folder, or nothing") {
  const Paths tree = tree_of({"a", "b/c", "b/d/e", "bc"});
  TreeEdit edit = edit_of(tree);
  edit.remove("a");
  edit.remove("b");
  edit.remove("c");
  CHECK(changes_of(edit) == "-a -b/c -b/d/e");
}

TEST_CASE("what was written in the same commit is removed with its folder") {
  const Paths tree = tree_of({"b/c"});
  TreeEdit edit = edit_of(tree);
  edit.put("b/n", document("n"));
  edit.remove("b");
  CHECK(changes_of(edit) == "-b/c");
}

TEST_CASE("copying takes a document or a folder and replaces what was there") {
  const Paths tree = tree_of({"a/b", "a/c", "t/old"});
  TreeEdit edit = edit_of(tree);
  CHECK(edit.copy("a", "t"));
  CHECK(changes_of(edit) == "+t/b +t/c -t/old");
  CHECK(edit.copy("t/b", "u"));
  CHECK(edit.find("u")->content == document("a/b").content);
  CHECK_FALSE(edit.copy("none", "v"));
}

TEST_CASE("renaming moves a document or a folder, also into itself") {
  const Paths tree = tree_of({"a/b", "a/c"});
  TreeEdit edit = edit_of(tree);
  CHECK(edit.rename("a", "a/sub"));
  CHECK(changes_of(edit) == "-a/b -a/c +a/sub/b +a/sub/c");
  CHECK(edit.rename("a/sub/b", "a"));
  CHECK(changes_of(edit) == "+a -a/b -a/c");
  CHECK_FALSE(edit.rename("none", "x"));
}

TEST_CASE("renaming to the same path changes nothing") {
  const Paths tree = tree_of({"a/b"});
  TreeEdit edit = edit_of(tree);
  CHECK(edit.rename("a", "a"));
  CHECK(edit.rename("a/b", "a/b"));
  CHECK(changes_of(edit).empty());
}

TEST_CASE("clearing spares what governs the repository") {
  const Paths tree = tree_of({".isodb/members/x.json", "a", "b/c"});
  TreeEdit edit = edit_of(tree);
  edit.clear();
  edit.put("a", document("a"));
  CHECK(changes_of(edit) == "-b/c");
}

TEST_CASE("writing what is there already is no change") {
  const Paths tree = tree_of({"a"});
  TreeEdit edit = edit_of(tree);
  edit.put("a", document("a"));
  CHECK(changes_of(edit).empty());
  Entry executable = document("a");
  executable.metadata = core::object_id(ObjectType::kBlob, "{}");
  edit.put("a", executable);
  CHECK(changes_of(edit) == "+a");
}
