#include "merge/commit_graph.h"

#include <algorithm>
#include <set>
#include <string>

#include "objects/commit_codec.h"
#include "objects/memory_store.h"
#include "tests/support/histories.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::merge;
using isodb::testing::error_code_of;
using isodb::testing::numbered_key;

namespace {

/// Commits with nothing in them.
struct Graph {
  objects::MemoryStore store;
  std::vector<CommitId> ids;
  std::vector<std::vector<std::size_t>> parents;

  std::size_t add(std::vector<std::size_t> of, std::uint64_t clock, std::uint64_t writer = 1) {
    Commit commit;
    for (const std::size_t parent : of) commit.parents.push_back(ids[parent]);
    std::sort(commit.parents.begin(), commit.parents.end());
    if (of.size() > 1) commit.base = TreeId();
    commit.sequence = ids.size() + 1;
    commit.clock.value = clock;
    commit.writer.value = writer;
    commit.author = numbered_key(ids.size() % 2);
    ids.emplace_back(store.put(ObjectType::kCommit, objects::encode_commit(commit)));
    parents.push_back(std::move(of));
    return ids.size() - 1;
  }
  std::set<std::size_t> past(const std::vector<std::size_t>& heads) const {
    std::set<std::size_t> found;
    std::vector<std::size_t> open = heads;
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      if (!found.insert(at).second) continue;
      open.insert(open.end(), parents[at].begin(), parents[at].end());
    }
    return found;
  }
  std::set<CommitId> heads_of(const std::set<std::size_t>& commits) const {
    std::set<CommitId> heads;
    for (const std::size_t commit : commits) heads.insert(ids[commit]);
    for (const std::size_t commit : commits) {
      for (const std::size_t below : past(parents[commit])) heads.erase(ids[below]);
    }
    return heads;
  }
  std::vector<CommitId> named(const std::vector<std::size_t>& commits) const {
    std::vector<CommitId> named;
    for (const std::size_t commit : commits) named.push_back(ids[commit]);
    return named;
  }
};

std::set<CommitId> set_of(const std::vector<CommitId>& ids) {
  return {ids.begin(), ids.end()};
}

/// Random commits of some writers, with up to three parents each; clocks rise by little, so that
/// many are equal.
void fill_at_random(Graph& graph, std::mt19937_64& random, std::size_t commits) {
  graph.add({}, 1);
  std::vector<std::uint64_t> clocks{1};
  while (graph.ids.size() < commits) {
    std::set<std::size_t> of;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      of.insert(graph.ids.size() - 1 - random() % std::min<std::size_t>(8, graph.ids.size()));
    }
    std::uint64_t clock = 0;
    for (const std::size_t parent : of) clock = std::max(clock, clocks[parent]);
    clocks.push_back(clock + 1 + random() % 3);
    graph.add({of.begin(), of.end()}, clocks.back(), random() % 4);
  }
}

}  // namespace

TEST_CASE("ancestry, heads, intersections and regions of random graphs are those of their sets") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    Graph model;
    fill_at_random(model, random, 40);
    CommitGraph graph(model.store);
    for (int question = 0; question < 30; ++question) {
      const auto some = [&] {
        std::vector<std::size_t> commits;
        for (std::size_t n = 1 + random() % 3; n > 0; --n) commits.push_back(random() % 40);
        return commits;
      };
      const auto a = some(), b = some();
      const Commits ga = graph.add(model.named(a)), gb = graph.add(model.named(b));
      const auto past_a = model.past(a), past_b = model.past(b);
      REQUIRE(graph.in_past(gb.front(), ga) == (past_a.count(b.front()) != 0));
      std::set<CommitId> of_b_in_a;
      for (const std::size_t one : b) {
        if (past_a.contains(one)) of_b_in_a.insert(model.ids[one]);
      }
      REQUIRE(set_of(graph.ids(graph.those_in_past(gb, ga))) == of_b_in_a);
      REQUIRE(set_of(graph.ids(graph.heads_of(ga))) == model.heads_of({a.begin(), a.end()}));
      std::set<std::size_t> both;
      std::set_intersection(past_a.begin(), past_a.end(), past_b.begin(), past_b.end(),
                            std::inserter(both, both.end()));
      REQUIRE(set_of(graph.ids(graph.common_heads(ga, gb))) == model.heads_of(both));

      const WriterId writer{random() % 4};
      const PublicKey author = numbered_key(random() % 2);
      std::set<std::size_t> theirs = past_a;
      std::erase_if(theirs, [&](std::size_t c) {
        const CommitFacts& facts = graph.peek(graph.add(model.ids[c]));
        return facts.stamp.writer != writer || facts.author != author;
      });
      REQUIRE(set_of(graph.ids(graph.latest_of(author, writer, ga))) == model.heads_of(theirs));

      const std::vector<std::size_t> heads{a.front(), b.front(), b.back()};
      const auto region = graph.region(graph.add(model.named(heads)));
      std::size_t expected = 0;
      for (std::size_t commit = 0; commit < 40; ++commit) {
        const CommitIndex index = graph.add(model.ids[commit]);
        std::size_t holders = 0;
        for (std::size_t i = 0; i < 3; ++i) holders += model.past({heads[i]}).count(commit);
        REQUIRE(region.holds(index) == (holders > 0 && holders < 3));
        expected += region.holds(index);
        for (std::size_t i = 0; i < 3 && region.holds(index); ++i) {
          REQUIRE(region.in_past(index, i) == (model.past({heads[i]}).count(commit) != 0));
        }
      }
      REQUIRE(region.commits.size() == expected);
      REQUIRE(std::is_sorted(region.commits.rbegin(), region.commits.rend(),
                             [&](auto x, auto y) { return graph.before(x, y); }));
    }
  }
}

TEST_CASE("questions about the newest of 100,000 commits look at a few of them") {
  // Two writers that merge one another again and again: the worst for walks without generations.
  Graph model;
  model.add({}, 1);
  std::size_t left = model.add({0}, 2, 1), right = model.add({0}, 3, 2);
  for (std::uint64_t clock = 4; model.ids.size() < 100'000; clock += 2) {
    const std::size_t next = model.add({left, right}, clock, 1);
    right = model.add({left, right}, clock + 1, 2);
    left = next;
  }
  CommitGraph graph(model.store);
  const CommitIndex a = graph.add(model.ids[left]), b = graph.add(model.ids[right]);
  CHECK(graph.common_heads({a}, {b}).size() == 2);
  CHECK_FALSE(graph.in_past(a, b));
  CHECK(graph.those_in_past({a, graph.add(model.ids[left - 2])}, {b}).size() == 1);
  CHECK(graph.region({a, b}).commits.size() == 2);
  CHECK(graph.heads_of({a, b}).size() == 2);
  CHECK(graph.latest_of(graph.peek(a).author, WriterId{1}, {b}).size() == 1);
  CHECK(graph.steps() < 40);
  CHECK(graph.size() < 40);  // and reads no more
  const CommitIndex root = graph.add(model.ids[0]);
  const std::uint64_t before = graph.steps();
  CHECK(graph.in_past(root, a));
  CHECK(graph.steps() - before <= 100'000);  // each commit once
  CHECK(graph.size() == model.ids.size());
}

TEST_CASE("a commit whose clock is not above its parent's stops whoever walks there") {
  Graph model;
  model.add({}, 5);
  const std::size_t same = model.add({0}, 5), above = model.add({0}, 6);
  CommitGraph graph(model.store);
  const CommitIndex bad = graph.add(model.ids[same]), good = graph.add(model.ids[above]);
  CHECK(error_code_of([&] { graph.facts(bad); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { graph.common_heads({bad}, {good}); }) == ErrorCode::kCorrupt);
  CHECK(graph.facts(good).parents.size() == 1);
}

TEST_CASE("a missing commit, and an object of another type, are named") {
  Graph model;
  model.add({}, 1);
  CommitGraph graph(model.store);
  const Id blob = model.store.put(ObjectType::kBlob, "x");
  CHECK(error_code_of([&] { graph.add(CommitId(blob)); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { graph.add(CommitId()); }) == ErrorCode::kCorrupt);
}

TEST_CASE("a stamp finds its commit, and of twins the one in question") {
  Graph model;
  model.add({}, 1);
  const std::size_t a = model.add({0}, 9, 4), b = model.add({0}, 9, 4), top = model.add({a}, 10);
  CommitGraph graph(model.store);
  const Stamp stamp{HybridTime{9}, WriterId{4}};
  const CommitIndex from = graph.add(model.ids[top]);
  const auto any = [](CommitIndex) { return true; };
  const auto found = graph.find_stamp(stamp, from, any);
  REQUIRE(found);
  CHECK(graph.peek(*found).id == model.ids[a]);
  CHECK(graph.twins() == 0);
  const CommitIndex twin = graph.add(model.ids[b]);
  CHECK(graph.twins() == 1);
  CHECK(graph.is_twin(stamp));
  CHECK(graph.find_stamp(stamp, from, any) == found);
  CHECK(graph.find_stamp(stamp, twin, any) == twin);
  CHECK_FALSE(graph.find_stamp({HybridTime{8}, WriterId{4}}, from, any));
}
