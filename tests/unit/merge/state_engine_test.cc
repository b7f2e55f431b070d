#include "merge/state_engine.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/histories.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_of;
using isodb::testing::HistoryMaker;
using isodb::testing::numbered_key;

namespace {

HistoryMaker::As by(std::uint64_t author) {
  return {.author = author};
}

Bytes member_text(std::uint64_t key, merge::Role role, bool revoked = false,
                  std::vector<std::string> prefixes = {}) {
  return merge::member_document(
      {"member " + std::to_string(key), numbered_key(key), role, std::move(prefixes), revoked});
}
std::string member_path(std::uint64_t key) {
  return merge::member_path(numbered_key(key));
}

/// A root and members 1 to `count`, all admins where `role` says so.
CommitId with_members(HistoryMaker& maker, std::uint64_t count, merge::Role role) {
  CommitId at = maker.root;
  for (std::uint64_t key = 1; key <= count; ++key) {
    at = maker.commit({at}, {{member_path(key), member_text(key, role)}});
  }
  return at;
}

std::vector<CommitId> sorted(std::vector<CommitId> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("the state of one head is its tree, that of several an object that names them") {
  HistoryMaker maker;
  const CommitId a = maker.commit({maker.root}, {{"x", "1"}}, by(0));
  const CommitId b = maker.commit({maker.root}, {{"y", "2"}}, by(0));
  const merge::State one = maker.engine().state(std::vector{a, maker.root}, maker.store);
  CHECK(one.tree == maker.read(a).tree);
  CHECK(one.heads == std::vector{a});
  CHECK_FALSE(one.merge);
  const merge::State both = maker.engine().state(std::vector{b, a}, maker.store);
  CHECK(both.heads == sorted({a, b}));
  REQUIRE(both.merge);
  const Merge object = objects::decode_merge(maker.store.get(*both.merge)->payload);
  CHECK(object == Merge{both.tree, sorted({a, b}), 1});
  CHECK(both.statistics.compared == 2);
  CHECK(both.statistics.merged == 0);
  CHECK(both.statistics.commits == 2);
  // What only one side touched is that side's entry as it is.
  CHECK(maker.at(both.tree, "x") == maker.at(maker.read(a).tree, "x"));
  CHECK(maker.at(both.tree, "y") == maker.at(maker.read(b).tree, "y"));
}

TEST_CASE("a deletion goes before what its author saw, and an edit before a deletion, visibly") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "1"}, {"y", "1"}});
  const CommitId gone = maker.commit({base}, {{"x", std::nullopt}, {"y", std::nullopt}});
  const CommitId edit = maker.commit({base}, {{"x", "2"}});
  CHECK(maker.text({gone, edit}, "x") == "2!");
  CHECK(maker.text({gone, edit}, "y") == "-");
  // Made again where it was deleted, while others left it alone.
  const CommitId again = maker.commit({gone}, {{"y", "3"}});
  CHECK(maker.text({again, edit}, "y") == "3");
  // And where others changed it.
  const CommitId other = maker.commit({edit}, {{"y", "4"}});
  CHECK(maker.text({again, other}, "y") == "4!");
  // A deletion on top of the merge settles it.
  const CommitId settled = maker.commit({gone, edit}, {{"x", std::nullopt}});
  CHECK(maker.text({settled}, "x") == "-");
  CHECK(maker.text({settled, gone, edit}, "x") == "-");
}

TEST_CASE("a commit on top of a merge is newer than all of its versions") {
  HistoryMaker maker;
  const CommitId a = maker.commit({maker.root}, {{"x", "1"}});
  const CommitId b = maker.commit({maker.root}, {{"x", "2"}});
  const CommitId on_top = maker.commit({a, b}, {{"y", "3"}});
  CHECK(maker.text({on_top}, "x") == "2!");
  CHECK(maker.engine().versions("x", std::vector{on_top}).size() == 2);
  const CommitId late = maker.commit({b}, {{"x", "4"}});
  CHECK(maker.text({on_top, late}, "x") == "4!");
  CHECK(maker.engine().versions("x", std::vector{on_top, late}).size() == 2);
  const CommitId resolved = maker.commit({on_top}, {{"x", "5"}});
  CHECK(maker.text({resolved}, "x") == "5");
  CHECK(maker.text({resolved, b}, "x") == "5");
  CHECK(maker.text({resolved, late}, "x") == "5!");
}

TEST_CASE("JSON documents are merged field by field by what their authors saw") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"c.json", R"({"w":1,"n":"a"})"}});
  const CommitId a = maker.commit({base}, {{"c.json", R"({"w":2,"n":"a"})"}});
  const CommitId b = maker.commit({base}, {{"c.json", R"({"w":1,"n":"b"})"}});
  CHECK(maker.text({a, b}, "c.json") == R"({"w":2,"n":"b"})");
  const CommitId c = maker.commit({base}, {{"c.json", R"({"w":3,"n":"a"})"}});
  CHECK(maker.text({a, b, c}, "c.json") == R"({"w":3,"n":"b"}!)");
}

TEST_CASE("rules that come with one head hold for the merge, and for what was merged before") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"n.json", R"({"n":1})"}});
  const CommitId a = maker.commit({base}, {{"n.json", R"({"n":3})"}});
  const CommitId b = maker.commit({base}, {{"n.json", R"({"n":2})"}});
  const CommitId ab = maker.commit({a, b}, {{"z", "z"}});
  CHECK(maker.text({ab}, "n.json") == R"({"n":2}!)");
  const char* const rules =
      R"({"rules":[{"match":"*.json","strategy":"json","fields":{"/n":"max"}}]})";
  const CommitId ruled = maker.commit({base}, {{".isodb/merge.json", rules}});
  const TreeId state = maker.state({ab, ruled});
  CHECK(maker.text_in(state, "n.json") == R"({"n":3})");
  // Put on top of the merge, they make its author's tree so at once.
  const CommitId on_top = maker.commit({ab}, {{".isodb/merge.json", rules}});
  CHECK(maker.text({on_top}, "n.json") == R"({"n":3})");
  CHECK(maker.at(state, "n.json") == maker.at(maker.read(on_top).tree, "n.json"));
  const auto checked = maker.fresh_engine()->check(on_top, maker.read(on_top), maker.store);
  CHECK(checked.tree_as_stated);
  // Taken back, all is as before.
  const CommitId back = maker.commit({on_top}, {{".isodb/merge.json", std::nullopt}});
  CHECK(maker.at(maker.read(back).tree, "n.json") == maker.at(maker.read(ab).tree, "n.json"));
}

TEST_CASE("a base is merged by the rules that held where it was") {
  HistoryMaker maker;
  const char* const rules =
      R"({"rules":[{"match":"*.json","strategy":"json","fields":{"/n":"counter"}}]})";
  const CommitId base =
      maker.commit({maker.root}, {{"n.json", R"({"n":10})"}, {".isodb/merge.json", rules}});
  const CommitId a = maker.commit({base}, {{"n.json", R"({"n":11})"}});
  const CommitId b = maker.commit({base}, {{"n.json", R"({"n":12})"}});
  CHECK(maker.text({a, b}, "n.json") == R"({"n":13})");
  // A criss-cross: both saw the merge, 13, and count on.
  const CommitId c = maker.commit({a, b}, {{"n.json", R"({"n":14})"}});
  const CommitId d = maker.commit({a, b}, {{"n.json", R"({"n":16})"}});
  CHECK(maker.text({c, d}, "n.json") == R"({"n":17})");
}

TEST_CASE("an epoch that this build does not know stops merging, not reading") {
  HistoryMaker maker;
  const CommitId a = maker.commit({maker.root}, {{".isodb/epoch", "2\n"}});
  const CommitId b = maker.commit({maker.root}, {{"x", "1"}});
  CHECK(maker.state({a}) == maker.read(a).tree);
  const auto error = error_of([&] { maker.state({a, b}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK(maker.text({b}, "x") == "1");
}

TEST_CASE("a hundred heads merge at once, each path from all of its versions") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"all", "0"}, {"some", "0"}});
  std::vector<CommitId> heads;
  for (int i = 0; i < 100; ++i) {
    HistoryMaker::Writes writes{{"own/" + std::to_string(i), "1"}, {"all", std::to_string(i)}};
    if (i % 10 == 0) writes["some"] = i % 20 == 0 ? std::nullopt : std::optional<std::string>("1");
    heads.push_back(maker.commit({base}, writes, {.writer = 1000 + static_cast<unsigned>(i)}));
  }
  const merge::State state = maker.engine().state(heads, maker.store);
  CHECK(state.statistics.compared == 102);
  CHECK(state.statistics.merged == 2);
  CHECK(maker.text_in(state.tree, "all") == "99!");
  CHECK(maker.text_in(state.tree, "some") == "1!");
  CHECK(maker.text_in(state.tree, "own/57") == "1");
  CHECK(maker.engine().versions("all", heads).size() == 100);
  std::reverse(heads.begin(), heads.end());
  CHECK(maker.fresh_engine()->state(heads, maker.store).merge == state.merge);
}

TEST_CASE("deep criss-crosses on one path need neither stack nor more than seconds") {
  HistoryMaker maker;
  CommitId a = maker.commit({maker.root}, {{"x.json", R"({"a":0,"b":0,"k":[1,2,3]})"}});
  CommitId b = a;
  std::vector<CommitId> parents{a};
  const auto text = [](const char* side, int i) {
    return std::string(R"({"a":")") + side + std::to_string(i) + R"(","b":)" + std::to_string(i) +
           R"(,"k":[1,2,3]})";
  };
  constexpr int kRounds = 5000;
  for (int i = 1; i <= kRounds; ++i) {
    const CommitId next = maker.commit(parents, {{"x.json", text("l", i)}}, {.writer = 1});
    b = maker.commit(parents, {{"x.json", text("r", i)}}, {.writer = 2});
    a = next;
    parents = {a, b};
  }
  const std::string merged = maker.text({a, b}, "x.json");
  CHECK(merged.back() == '!');
  const auto start = std::chrono::steady_clock::now();
  const auto engine = maker.fresh_engine();
  CHECK(engine->merged(parents, maker.store).tree == maker.state(parents));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  WARN("5,000 rounds, from nothing: " << seconds.count() << " s");
  CHECK(seconds.count() < 30);
}

TEST_CASE("a commit with another base or tree than its parents' state counts with its writes") {
  HistoryMaker maker;
  const CommitId a = maker.commit({maker.root}, {{"x", "1"}});
  const CommitId b = maker.commit({maker.root}, {{"x", "2"}, {"y", "2"}});
  Commit commit = maker.make({a, b}, {{"z", "3"}}, {});
  const TreeId right = commit.tree, base = *commit.base;
  Commit wrong = commit;
  wrong.base = maker.read(b).tree;  // forgot to merge x
  wrong.tree = maker.with_writes(*wrong.base, {{"z", "3"}}, wrong);
  const CommitId id = maker.put(wrong);
  const auto checked = maker.engine().check(id, wrong, maker.store);
  CHECK(checked.refusal.empty());
  CHECK_FALSE(checked.tree_as_stated);
  CHECK_FALSE(checked.base_as_stated);
  CHECK(checked.base == base);
  CHECK(checked.tree == right);
  // From then on the engine goes by its own, and another that was told does too.
  CHECK(maker.state({id}) == right);
  const auto other = maker.fresh_engine();
  other->set_computed(id, checked.base, checked.tree);
  const CommitId c = maker.commit({a}, {{"x", "4"}});
  const TreeId state = maker.state({id, c});
  CHECK(maker.text_in(state, "x") == "4!");
  CHECK(maker.text_in(state, "z") == "3");
  CHECK(other->merged(std::vector{id, c}, maker.store).tree == state);
}

TEST_CASE("commits that break a rule of the graph or of members are refused, and it is said why") {
  HistoryMaker maker;
  const CommitId base = maker.commit(
      {maker.root}, {{member_path(1), member_text(1, merge::Role::kWriter, false, {"cows/"})},
                     {member_path(2), member_text(2, merge::Role::kReader)},
                     {member_path(3), member_text(3, merge::Role::kWriter, true)},
                     {"cows/x", "1"},
                     {"pigs/x", "1"}});
  const auto refusal = [&](const std::vector<CommitId>& parents, const HistoryMaker::Writes& writes,
                           const HistoryMaker::As& as) {
    const Commit commit = maker.make(parents, writes, as);
    return maker.engine().check(maker.put(commit), commit, maker.store).refusal;
  };
  const auto mentions = [](const std::string& text, const char* part) {
    INFO(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(refusal({base}, {{"cows/x", "2"}}, by(1)).empty());
  CHECK(mentions(refusal({base}, {{"pigs/x", "2"}}, by(1)), "'pigs/x': it is outside"));
  CHECK(mentions(refusal({base}, {{"pigs/x", std::nullopt}}, by(1)), "'pigs/x': it is outside"));
  CHECK(
      mentions(refusal({base}, {{"cows/x", "2"}, {".isodb/epoch", "1\n"}}, by(1)), "only admins"));
  CHECK(mentions(refusal({base}, {{"cows/x", "2"}}, by(2)), "reader"));
  CHECK(mentions(refusal({base}, {{"cows/x", "2"}}, by(3)), "revoked"));
  CHECK(mentions(refusal({base}, {{"cows/x", "2"}}, by(4)), "no member"));
  CHECK(mentions(refusal({base, maker.root}, {{"x", "2"}}, by(0)), "ancestor"));
  CHECK(mentions(refusal({base}, {{"x", "2"}}, {.sequence = 1}), "seq 1 is not above"));
  CHECK(mentions(refusal({}, {{"x", "2"}}, by(0)), "another repository"));
  CHECK(refusal({base}, {}, by(2)).empty());  // a reader may say that it was there
  // Deletes what its tree holds.
  Commit clash = maker.make({base}, {{"x", "2"}}, by(0));
  clash.deleted = objects::write_content(maker.store, objects::encode_deleted_paths({"x"})).id;
  CHECK(
      mentions(maker.engine().check(maker.put(clash), clash, maker.store).refusal, "deletes 'x'"));
}

TEST_CASE("where no admin is left the root's author is one") {
  HistoryMaker maker;
  const CommitId base =
      maker.commit({maker.root}, {{member_path(1), member_text(1, merge::Role::kAdmin)}});
  const CommitId a =
      maker.commit({base}, {{member_path(0), member_text(0, merge::Role::kAdmin, true)}}, by(1));
  CHECK_FALSE(maker.engine().denied(maker.commit({a}, {{".isodb/x", "1"}}, by(0))).empty());
  const CommitId b =
      maker.commit({base}, {{member_path(1), member_text(1, merge::Role::kAdmin, true)}}, by(0));
  const CommitId both = maker.commit({a, b}, {{".isodb/x", "1"}}, by(0));
  CHECK(maker.engine().denied(both).empty());
  CHECK_FALSE(maker.engine().denied(maker.commit({a, b}, {{".isodb/x", "1"}}, by(1))).empty());
}

TEST_CASE("members' documents merge to what all of them allow") {
  HistoryMaker maker;
  const auto write = [&](merge::Role role, bool revoked, std::vector<std::string> prefixes) {
    return maker.commit({maker.root},
                        {{member_path(1), member_text(1, role, revoked, std::move(prefixes))}});
  };
  const CommitId all = write(merge::Role::kAdmin, false, {});
  const CommitId cows = write(merge::Role::kWriter, false, {"cows/", "x/"});
  const CommitId calves = write(merge::Role::kAdmin, false, {"cows/calves/", "pigs/"});
  CHECK(maker.text({all, cows}, member_path(1)) ==
        member_text(1, merge::Role::kWriter, false, {"cows/", "x/"}) + "!");
  CHECK(maker.text({all, cows, calves}, member_path(1)) ==
        member_text(1, merge::Role::kWriter, false, {"cows/calves/"}) + "!");
  const CommitId pigs = write(merge::Role::kWriter, false, {"pigs/"});
  CHECK(maker.text({cows, pigs}, member_path(1)) == member_text(1, merge::Role::kReader) + "!");
  const CommitId revoked = write(merge::Role::kAdmin, true, {});
  CHECK(maker.text({all, revoked}, member_path(1)) ==
        member_text(1, merge::Role::kAdmin, true) + "!");
  const std::string longer = merge::member_document(
      {std::string(65'536, 'n'), numbered_key(1), merge::Role::kReader, {}, true});
  const CommitId none = maker.commit({maker.root}, {{member_path(1), longer}});
  CHECK(maker.text({all, none}, member_path(1)) == member_text(1, merge::Role::kAdmin) + "!");
}

TEST_CASE("work of a revoked member that the revocation did not know is set aside until built on") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 2, merge::Role::kWriter);
  const CommitId early = maker.commit({base}, {{"x", "early"}}, by(1));
  const CommitId known = maker.commit({early}, {{"k", "1"}}, by(2));
  const CommitId revoked =
      maker.commit({known}, {{member_path(1), member_text(1, merge::Role::kWriter, true)}});
  const CommitId late = maker.commit({early}, {{"x", "late"}}, by(1));
  const CommitId later = maker.commit({late}, {{"y", "later"}}, by(1));
  const merge::State state = maker.engine().state(std::vector{later, revoked}, maker.store);
  CHECK(state.heads == std::vector{revoked});
  CHECK(state.peeled == sorted({late, later}));
  CHECK(state.peeled_heads == std::vector{later});
  CHECK(maker.text_in(state.tree, "x") == "early");
  const CommitId adopted = maker.commit({late}, {{"z", "1"}}, by(2));
  const merge::State again =
      maker.engine().state(std::vector{later, adopted, revoked}, maker.store);
  CHECK(again.heads == sorted({adopted, revoked}));
  CHECK(maker.text_in(again.tree, "x") == "late");
  CHECK(maker.text_in(again.tree, "y") == "-");
}

TEST_CASE("setting aside a revoked member's commits looks at each a few times, however many") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 1, merge::Role::kWriter);
  const CommitId revoked =
      maker.commit({base}, {{member_path(1), member_text(1, merge::Role::kWriter, true)}});
  CommitId late = base;
  constexpr int kCommits = 2000;
  for (int i = 0; i < kCommits; ++i) late = maker.commit({late}, {{"x", std::to_string(i)}}, by(1));
  const auto engine = maker.fresh_engine();
  const merge::State state = engine->state(std::vector{late, revoked}, maker.store);
  CHECK(state.heads == std::vector{revoked});
  CHECK(state.peeled.size() == kCommits);
  CHECK(engine->graph().steps() < 20 * kCommits);
}

TEST_CASE("of two admins who revoke each other the senior one prevails") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 2, merge::Role::kAdmin);
  const auto revokes = [&](std::uint64_t author, std::uint64_t key) {
    return maker.commit({base}, {{member_path(key), member_text(key, merge::Role::kAdmin, true)}},
                        by(author));
  };
  const CommitId of_1 = revokes(2, 1), of_2 = revokes(1, 2);
  const merge::State state = maker.engine().state(std::vector{of_1, of_2}, maker.store);
  CHECK(state.heads == std::vector{of_2});
  CHECK(state.peeled == std::vector{of_1});
  // The root's author is senior to all; what 1 did against 2 is void then.
  const CommitId by_root = revokes(0, 1);
  const merge::State three = maker.engine().state(std::vector{of_1, of_2, by_root}, maker.store);
  CHECK(three.heads == sorted({of_1, by_root}));
  const CommitId of_root = revokes(1, 0);
  const merge::State both = maker.engine().state(std::vector{by_root, of_root}, maker.store);
  CHECK(both.heads == std::vector{by_root});
}

TEST_CASE("of a writer's forked heads eight count, those with the smallest ids") {
  HistoryMaker maker;
  std::vector<CommitId> forks;
  for (int i = 0; i < 12; ++i) {
    forks.push_back(maker.commit({maker.root}, {{"f/" + std::to_string(i), "1"}}, {.sequence = 9}));
  }
  const CommitId other = maker.commit({maker.root}, {{"x", "1"}}, {.writer = 7});
  std::vector<CommitId> heads = forks;
  heads.push_back(other);
  const merge::State state = maker.engine().state(heads, maker.store);
  std::vector<CommitId> expected = sorted(forks);
  const std::vector<CommitId> peeled(expected.begin() + 8, expected.end());
  expected.resize(8);
  expected.push_back(other);
  CHECK(state.heads == sorted(expected));
  CHECK(state.peeled == peeled);
}

TEST_CASE("who copies a writer's id forks commits of his own, not that writer's") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 1, merge::Role::kWriter);
  const CommitId victim = maker.commit({base}, {{"x", "1"}}, by(0));
  const std::uint64_t sequence = maker.read(victim).sequence;
  std::vector<CommitId> heads{victim}, forged;
  for (int i = 0; i < 24; ++i) {
    forged.push_back(maker.commit({base}, {{"f/" + std::to_string(i), "1"}},
                                  {.author = 1, .writer = 100, .sequence = sequence}));
  }
  heads.insert(heads.end(), forged.begin(), forged.end());
  const merge::State state = maker.engine().state(heads, maker.store);
  forged = sorted(forged);
  CHECK(state.peeled == std::vector<CommitId>(forged.begin() + 8, forged.end()));
  CHECK(std::count(state.heads.begin(), state.heads.end(), victim) == 1);
  // Nor does his number, however great, stand above the writer's own.
  const CommitId far =
      maker.commit({victim}, {{"y", "1"}}, {.author = 1, .writer = 100, .sequence = UINT64_MAX});
  const Commit next = maker.make({far}, {{"x", "2"}}, {.sequence = sequence + 1});
  CHECK(maker.engine().check(maker.put(next), next, maker.store).refusal.empty());
}

TEST_CASE(
    "of one author's heads 256 count, and the commit on top of them makes room for the rest") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 1, merge::Role::kWriter);
  const CommitId other = maker.commit({base}, {{"x", "1"}}, by(0));
  std::vector<CommitId> heads{other};
  for (std::uint64_t i = 0; i < 300; ++i) {
    heads.push_back(
        maker.commit({base}, {{"f/" + std::to_string(i), "1"}}, {.author = 1, .writer = 1000 + i}));
  }
  const merge::State state = maker.engine().state(heads, maker.store);
  CHECK(state.peeled == sorted({heads.begin() + 1, heads.begin() + 45}));
  CHECK(state.heads.size() == 257);
  const CommitId on_top = maker.commit(state.heads, {{"y", "1"}}, {.author = 1, .writer = 2000});
  heads.push_back(on_top);
  const merge::State again = maker.engine().state(heads, maker.store);
  CHECK(again.peeled.empty());
  CHECK(again.heads.size() == 45);
  CHECK(maker.text_in(again.tree, "f/0") == "1");
}

TEST_CASE(
    "of more heads than a merge can name, members' count first and each author's last first") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 2, merge::Role::kWriter);
  const auto write = [&](std::uint64_t author, std::uint64_t writer) {
    return maker.commit({base}, {{std::to_string(writer), "1"}}, {author, writer});
  };
  merge::StateEngine::Options options;
  options.root = maker.root;
  options.heads = {.forked_heads_max = 8, .author_heads_max = 3, .heads_max = 4};
  merge::StateEngine engine(maker.store, maker.cache, options);
  const CommitId a1 = write(1, 1), a2 = write(1, 2), a3 = write(1, 3), a4 = write(1, 4);
  const CommitId b1 = write(2, 5), c1 = write(3, 6), root1 = write(0, 7), c2 = write(3, 8);
  const merge::State state =
      engine.state(std::vector{a1, a2, a3, a4, b1, c1, root1, c2}, maker.store);
  CHECK(state.heads == sorted({root1, b1, a4, a3}));
  CHECK(state.peeled == sorted({a1, a2, c1, c2}));
  const merge::State fewer = engine.state(std::vector{a1, a2, c1, c2}, maker.store);
  CHECK(fewer.peeled.empty());
}

TEST_CASE("any number of heads can be merged") {
  HistoryMaker maker;
  const CommitId base = with_members(maker, 1, merge::Role::kWriter);
  std::vector<CommitId> heads;
  for (std::uint64_t i = 0; i < 4100; ++i) {
    heads.push_back(maker.commit({base}, {}, {.author = i % 20, .writer = 1000 + i}));
  }
  const merge::State state = maker.engine().state(heads, maker.store);
  CHECK(state.heads.size() == 4096);
  CHECK(state.peeled.size() == 4);
}

TEST_CASE("two commits of one stamp are told apart") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "0"}, {"y", "0"}});
  const std::uint64_t clock = maker.read(base).clock.value + 100;
  const HistoryMaker::As twin{.writer = 5, .clock = clock, .sequence = 3};
  const CommitId a = maker.commit({base}, {{"x", "a"}}, twin);
  const CommitId b = maker.commit({base}, {{"x", "b"}, {"y", "b"}}, twin);
  const CommitId on_b = maker.commit({b}, {{"y", "c"}});
  const CommitId on_a = maker.commit({a}, {{"z", "1"}});
  for (const auto& engine : {maker.fresh_engine(), maker.fresh_engine()}) {
    const TreeId state = engine->merged(std::vector{on_a, on_b}, maker.store).tree;
    CHECK(engine->versions("x", std::vector{on_a, on_b}).size() == 2);
    CHECK(maker.text_in(state, "x").back() == '!');
    CHECK(maker.text_in(state, "y") == "c");
  }
}

TEST_CASE("what two commits of one stamp wrote alike are two versions") {
  HistoryMaker maker;
  const CommitId base = maker.commit({maker.root}, {{"x", "0"}});
  const std::uint64_t clock = maker.read(base).clock.value + 100;
  const HistoryMaker::As twin{.writer = 5, .clock = clock, .sequence = 3};
  const CommitId a = maker.commit({base}, {{"x", "1"}, {"a", ""}}, twin);
  const CommitId b = maker.commit({base}, {{"x", "1"}, {"b", ""}}, twin);
  const CommitId on_a = maker.commit({a}, {{"x", "2"}});
  for (const auto& order : {std::vector{a, b, on_a}, std::vector{on_a, b, a}}) {
    const auto engine = maker.fresh_engine();
    for (const CommitId& id : order) engine->graph().add(id);
    const TreeId both = engine->merged(std::vector{a, b}, maker.store).tree;
    CHECK((maker.at(both, "x")->flags & kFlagMerged) != 0);
    CHECK(maker.text_in(both, "x") == "1");
    // Its author saw the one, not the other.
    CHECK(maker.text_in(engine->merged(std::vector{on_a, b}, maker.store).tree, "x") == "2!");
  }
}
