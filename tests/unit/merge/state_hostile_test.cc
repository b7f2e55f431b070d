#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "merge/commit_check.h"
#include "merge/history.h"
#include "merge/workspace.h"
#include "tests/support/histories.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::HistoryMaker;

namespace {

/// A commit with these writes whose tree holds one more entry, which is nobody's write.
Commit with_entry(HistoryMaker& maker, const std::vector<CommitId>& parents, const char* path,
                  const Entry& entry) {
  Commit commit = maker.make(parents, {{"own", "1"}}, {});
  commit.tree = objects::edit_tree(maker.nodes(), maker.store, commit.tree,
                                   std::vector{objects::TreeChange{path, entry}});
  return commit;
}

std::string random_json(std::mt19937_64& random) {
  std::string text = "{";
  for (const char* name : {"a", "b", "c"}) {
    if (random() % 4 == 0) continue;
    text += (text.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":";
    text += random() % 3 == 0 ? "[1," + std::to_string(random() % 4) + ",3]"
                              : std::to_string(random() % 3);
  }
  return text + "}";
}

}  // namespace

TEST_CASE("entries that a commit's tree holds and that its author did not write do not count") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}});
  const Stamp of_base = maker.read(base).stamp();
  Entry merged = maker.entry("x", "forged", {of_base.clock, WriterId{77}});
  merged.flags = kFlagMerged | kFlagConflict;
  const std::vector<std::pair<const char*, Entry>> forgeries{
      {"x", maker.entry("x", "forged", of_base)},
      {"x", maker.entry("x", "forged", {HybridTime{1}, {}})},
      {"y", maker.entry("y", "forged", of_base)},
      {"x", merged}};
  for (const auto& [path, forged] : forgeries) {
    const Commit commit = with_entry(maker, {base}, path, forged);
    const CommitId id = maker.put(commit);
    const auto checked = maker.engine().check(id, commit, maker.store);
    CHECK(checked.refusal.empty());
    CHECK_FALSE(checked.tree_as_stated);
    CHECK(maker.text_in(checked.tree, "x") == "1");
    CHECK(maker.text_in(checked.tree, "y") == "-");
    CHECK(maker.text_in(checked.tree, "own") == "1");
    const CommitId other = maker.commit({base}, {{"z", "1"}});
    CHECK(maker.text({id, other}, "x") == "1");
  }
}

TEST_CASE("a tree that leaves out what it should hold is told by its checking") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}, {"y", "1"}});
  Commit commit = maker.make({base}, {{"own", "1"}}, {});
  commit.tree = objects::edit_tree(maker.nodes(), maker.store, commit.tree,
                                   std::vector{objects::TreeChange{"x", std::nullopt}});
  const auto checked = maker.engine().check(maker.put(commit), commit, maker.store);
  CHECK_FALSE(checked.tree_as_stated);
  CHECK(maker.text_in(checked.tree, "x") == "1");
  // Listed as deleted and still there.
  Commit kept = maker.make({base}, {{"own", "1"}}, {});
  kept.deleted = objects::write_content(maker.store, objects::encode_deleted_paths({"y"})).id;
  const auto deletes = maker.engine().check(maker.put(kept), kept, maker.store);
  CHECK(deletes.refusal.empty());
  CHECK_FALSE(deletes.tree_as_stated);
  CHECK(maker.text_in(deletes.tree, "y") == "-");
}

TEST_CASE("trees that contradict their history are an error, not a state") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}});
  const Entry stray = maker.entry("x", "stray", {HybridTime{5}, WriterId{9}});
  // Entered without having been checked.
  const CommitId bad = maker.put(with_entry(maker, {base}, "x", stray));
  const CommitId good = maker.commit({base}, {{"x", "2"}});
  const CommitId other = maker.commit({base}, {{"z", "2"}});
  CHECK(error_code_of([&] { maker.state({bad, other}); }) == ErrorCode::kCorrupt);
  CHECK(maker.text({good, other}, "x") == "2");  // the engine stays good
}

TEST_CASE("a deletion of what never was is a version that nobody misses") {
  HistoryMaker maker;
  const CommitId a = maker.commit({maker.root}, {{"x", std::nullopt}});
  const CommitId b = maker.commit({maker.root}, {{"x", "1"}});
  CHECK(maker.text({a, b}, "x") == "1");
  CHECK(maker.engine().versions("x", std::vector{a, b}).size() == 2);
  CHECK((maker.at(maker.state({a, b}), "x")->flags & kFlagMerged) != 0);
  const CommitId c = maker.commit({a}, {{"x", std::nullopt}});
  CHECK(maker.text({a, c}, "x") == "-");
}

TEST_CASE("what was merged by others and remembered is what merging anew gives") {
  std::mt19937_64 random(5);
  const char* const rules[] = {
      R"({"rules":[{"match":"*","strategy":"json","fields":{"/a":"max","/b":"set"}}]})",
      R"({"rules":[{"match":"p*","strategy":"latest"}]})"};
  for (int round = 0; round < 15; ++round) {
    HistoryMaker maker;
    std::vector<CommitId> all{maker.root};
    while (all.size() < 40) {
      std::vector<CommitId> parents;
      for (std::size_t n = 1 + random() % 2; n > 0; --n) {
        parents.push_back(all[all.size() - 1 - random() % std::min<std::size_t>(5, all.size())]);
      }
      auto& graph = maker.engine().graph();
      parents = graph.ids(graph.heads_of(graph.add(parents)));
      HistoryMaker::Writes writes;
      for (const char* path : {"p.json", "q.json"}) {
        if (random() % 2 == 0) writes[path] = random_json(random);
        if (random() % 10 == 0) writes[path] = std::nullopt;
      }
      if (random() % 12 == 0) writes[".isodb/merge.json"] = rules[random() % 2];
      if (random() % 24 == 0) writes[".isodb/merge.json"] = std::nullopt;
      all.push_back(maker.commit(parents, writes, {.writer = 500 + all.size()}));
    }
    auto engine = maker.fresh_engine();
    for (const CommitId& id : all) {
      const Commit commit = maker.read(id);
      const auto checked = engine->check(id, commit, maker.store);
      INFO("round " << round << ", commit " << id.hex());
      REQUIRE(checked.tree_as_stated);
      REQUIRE(checked.base_as_stated);
      if (commit.parents.empty()) continue;
      if (random() % 4 == 0) engine = maker.fresh_engine();
      for (const char* path : {"p.json", "q.json"}) {
        const merge::PathState state = engine->path_state(path, commit.parents);
        std::string text = state.document ? state.document->content() : "-";
        if (!state.conflicts.empty()) text += "!";
        REQUIRE(text == maker.text_in(checked.base, path));
      }
    }
  }
}

TEST_CASE("two writers who merge one another with a lag never have a ground, and come to an end") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x.json", R"({"a":0})"}});
  std::vector<CommitId> left{base, base}, right{base};
  for (int i = 1; i <= 700; ++i) {
    const auto parents = [&](const CommitId& a, const CommitId& b) {
      auto& graph = maker.engine().graph();
      return graph.ids(graph.heads_of(graph.add(std::vector{a, b})));
    };
    const auto text = [&](const char* field) {
      return R"({"a":)" + std::to_string(i) + R"(,")" + field + R"(":)" + std::to_string(i) + "}";
    };
    left.push_back(
        maker.commit(parents(left.back(), right.back()), {{"x.json", text("l")}}, {.writer = 1}));
    right.push_back(maker.commit(parents(left[left.size() - 3], right.back()),
                                 {{"x.json", text("r")}}, {.writer = 2}));
  }
  const std::vector<CommitId> heads{left.back(), right.back()};
  CHECK(maker.fresh_engine()->merged(heads, maker.store).tree == maker.state(heads));
  CHECK(maker.text(heads, "x.json").back() == '!');
}

TEST_CASE("513 versions that saw one merge count by themselves, without its conflicts") {
  for (const std::size_t count : {512U, 513U}) {
    HistoryMaker maker;
    const CommitId base = maker.commit({maker.root}, {{"x.json", R"({"a":0})"}});
    const CommitId one = maker.commit({base}, {{"x.json", R"({"a":1})"}}, {.writer = 1});
    const CommitId two = maker.commit({base}, {{"x.json", R"({"a":2})"}}, {.writer = 2});
    REQUIRE(maker.text({one, two}, "x.json") == R"({"a":2}!)");
    std::vector<CommitId> heads;
    for (std::size_t i = 0; i < count; ++i) {
      const char* const text = i == 0 ? R"({"a":3})" : R"({"a":2})";
      heads.push_back(maker.commit({one, two}, {{"x.json", text}}, {.writer = 1000 + i}));
    }
    // Who wrote on top of the conflict decided the field; where only the versions count, who
    // changed it did.
    CHECK(maker.text(heads, "x.json") == (count == 512 ? R"({"a":2}!)" : R"({"a":3})"));
  }
}

TEST_CASE("a commit's own entry may not be marked as in conflict or erased") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}});
  for (const std::uint8_t flag : {kFlagConflict, kFlagErased}) {
    Commit commit = maker.make({base}, {{"own", "1"}}, {});
    Entry entry = maker.entry("x", "2", commit.stamp());
    entry.flags = flag;
    commit.tree = objects::edit_tree(maker.nodes(), maker.store, commit.tree,
                                     std::vector{objects::TreeChange{"x", entry}});
    const auto checked = maker.engine().check(maker.put(commit), commit, maker.store);
    CHECK(checked.refusal == "its own entry of 'x' is marked as in conflict or erased");
  }
}

TEST_CASE("a deleted list that names one chunk very often is read to its first fault alone") {
  /// Counts what is read.
  struct Counting : objects::ObjectSource {
    explicit Counting(const objects::ObjectSource& all) : source(all) {}
    std::optional<objects::Object> get(const Id& id) const override {
      ++reads;
      return source.get(id);
    }
    bool contains(const Id& id) const override { return source.contains(id); }
    const objects::ObjectSource& source;
    mutable std::size_t reads = 0;
  };
  HistoryMaker maker;
  std::string chunk;
  for (int i = 10'000; chunk.size() < (64 << 10) - 6; ++i) chunk += std::to_string(i) + "\n";
  const Id blob = maker.store.put(ObjectType::kBlob, chunk);
  const auto list_of = [&](std::size_t chunks) {
    return maker.store.put(
        ObjectType::kList,
        objects::encode_list(0, std::vector<objects::ListItem>(chunks, {blob, chunk.size()})));
  };
  const auto read = [&](std::size_t chunks) {
    Commit commit = maker.make({maker.root}, {{"own", "1"}}, {});
    commit.deleted = list_of(chunks);
    Counting source(maker.store);
    merge::History history(source, maker.cache);
    const merge::CommitIndex index = history.graph().add(maker.put(commit));
    source.reads = 0;
    const auto code = error_code_of([&] { history.deleted_paths(index); });
    CHECK(source.reads < 10);
    return code;
  };
  CHECK(read(500) == ErrorCode::kCorrupt);
  const Id inner = list_of(512);
  Commit commit = maker.make({maker.root}, {{"own", "1"}}, {});
  commit.deleted =
      maker.store.put(ObjectType::kList, objects::encode_list(1, {{inner, 512 * chunk.size()},
                                                                  {inner, 512 * chunk.size()},
                                                                  {inner, 512 * chunk.size()}}));
  merge::History history(maker.store, maker.cache);
  const merge::CommitIndex index = history.graph().add(maker.put(commit));
  CHECK(error_code_of([&] { history.deleted_paths(index); }) == ErrorCode::kLimit);
}

TEST_CASE("a list of many paths that were not there is checked in no more than seconds") {
  HistoryMaker maker;
  // The tree's changes lie behind what the list names.
  HistoryMaker::Writes writes;
  for (int i = 0; i < 20'000; ++i) writes["z" + std::to_string(i)] = "1";
  Commit commit = maker.make({maker.root}, writes, {});
  std::string list;
  for (int i = 100'000; i < 300'000; ++i) list += std::to_string(i) + "\n";
  commit.deleted = objects::write_content(maker.store, list).id;
  const auto start = std::chrono::steady_clock::now();
  const auto checked = maker.engine().check(maker.put(commit), commit, maker.store);
  CHECK(checked.refusal.empty());
  CHECK(checked.tree_as_stated);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("what documents' metadata and trees take in memory is counted") {
  HistoryMaker maker;
  merge::History history(maker.store, maker.cache);
  const auto first_is_dropped = [&](const std::function<Entry(int)>& entry_of) {
    const std::weak_ptr<const merge::Document> first = history.document(entry_of(0));
    for (int i = 1; i < 800; ++i) history.document(entry_of(i));
    return first.expired();
  };
  CHECK(first_is_dropped([&](int i) {
    Entry entry = maker.entry("x", std::to_string(i), {});
    entry.metadata = maker.store.put(
        ObjectType::kBlob, R"({"m":")" + std::string(60'000, 'm') + std::to_string(i) + "\"}");
    return entry;
  }));
  CHECK(first_is_dropped([&](int i) {
    std::string text = "[" + std::to_string(i);
    for (int item = 0; item < 2'000; ++item) text += ",0";
    return maker.entry("x.json", text + "]", {});
  }));
}

TEST_CASE("what was found before a commit of the same stamp was known is found again") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x.json", R"({"a":1})"}});
  // Two commits with one stamp and one entry: two versions, as soon as both are known.
  const HistoryMaker::As as{
      .writer = 7, .clock = std::uint64_t{1'800'000'000'000} << 16, .sequence = 1};
  const CommitId left = maker.commit({base}, {{"x.json", R"({"a":2})"}}, as);
  Commit other = maker.make({base}, {{"x.json", R"({"a":2})"}}, as);
  other.message = "twin";
  const CommitId right = maker.put(other);
  const CommitId third = maker.commit({base}, {{"x.json", R"({"a":3})"}});
  const std::vector<CommitId> all{left, right, third};
  const auto early = maker.fresh_engine(), late = maker.fresh_engine();
  early->merged(std::vector{left, third}, maker.store);
  late->merged(std::vector{right, third}, maker.store);
  const TreeId tree = maker.fresh_engine()->merged(all, maker.store).tree;
  CHECK(early->merged(all, maker.store).tree == tree);
  CHECK(late->merged(all, maker.store).tree == tree);
}

TEST_CASE("states that were computed before a commit's trees were named are computed anew") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}});
  // It says that it deletes what its tree holds.
  Commit odd = maker.make({base}, {{"own", "1"}}, {});
  odd.deleted = objects::write_content(maker.store, objects::encode_deleted_paths({"x"})).id;
  const CommitId id = maker.put(odd);
  const CommitId other = maker.commit({base}, {{"z", "1"}});
  const std::vector<CommitId> heads{id, other};
  const auto engine = maker.fresh_engine(), checking = maker.fresh_engine();
  const auto checked = maker.engine().check(id, odd, maker.store);
  REQUIRE_FALSE(checked.tree_as_stated);
  const TreeId right = maker.state(heads);
  CHECK(engine->merged(heads, maker.store).tree != right);
  engine->set_computed(id, checked.base, checked.tree);
  CHECK(engine->merged(heads, maker.store).tree == right);
  checking->merged(heads, maker.store);
  checking->check(id, odd, maker.store);
  CHECK(checking->merged(heads, maker.store).tree == right);
}

TEST_CASE("an imported merge has the base that it names, whatever its parents come to") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}});
  const CommitId a = maker.commit({base}, {{"x", "2"}}, {.writer = 1});
  const CommitId b = maker.commit({base}, {{"y", "2"}}, {.writer = 2});
  Commit imported = maker.make({a, b}, {{"z", "1"}}, {});
  imported.base = maker.read(imported.parents.front()).tree;
  imported.origin.push_back({"system", "git"});
  const CommitId id = maker.put(imported);
  merge::Workspace workspace(maker.store, maker.cache, {});
  const merge::CommitIndex index = workspace.history.graph().add(id, imported);
  merge::CheckedCommit checked;
  checked.base = maker.state({a, b});
  merge::CommitCheck(workspace, maker.store, index, maker.root).run(checked);
  CHECK(checked.refusal.empty());
  CHECK(checked.base_as_stated);
  // Nobody keeps the tree that its parents come to.
  CHECK_FALSE(workspace.history.base_tree(index));
}
