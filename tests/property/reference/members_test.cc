// The reference does with members and epochs what docs/merge.md says: results told here by hand.
#include <catch2/catch.hpp>

#include "tests/property/reference/story.h"
#include "tests/reference/generator.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

PublicKey key_of(std::size_t number) {
  return test_key(number).public_key();
}

}  // namespace

TEST_CASE("reference: member documents merge to the lesser right") {
  Story story;
  const PublicKey key = key_of(3);
  story.write(0, {0}, {Story::member({"x", key, MemberRole::kWriter, {"a/", "b/"}, {}})});
  story.write(1, {0}, {Story::member({"y", key, MemberRole::kAdmin, {"b/c/", "d"}, {}})});
  CHECK(story.text(member_path(key)) == "{\"name\":\"y\",\"key\":\"" + key.text() +
                                            "\",\"role\":\"writer\",\"prefixes\":[\"b/c/\"]}\n");
  CHECK(story.flagged(member_path(key)));
  story.write(2, {0}, {Story::member({"z", key, MemberRole::kAdmin, {"e"}, {}})});
  CHECK(story.text(member_path(key)) ==
        "{\"name\":\"z\",\"key\":\"" + key.text() + "\",\"role\":\"reader\"}\n");
}

TEST_CASE("reference: the greatest epoch holds, without conflict") {
  Story story;
  story.put(0, {0}, ".isodb/epoch", "10\n");
  story.put(1, {0}, ".isodb/epoch", "9\n");
  CHECK(story.text(".isodb/epoch") == "10\n");
  CHECK_FALSE(story.flagged(".isodb/epoch"));
  CHECK(story.world().state().environment(story.peeled()).epoch == 10);
}

TEST_CASE("reference: work concurrent with its author's revocation is set aside") {
  Story story;
  const auto before = story.put(2, {0}, "d", "before");
  const auto revoked = story.write(0, {before}, {Story::revocation(2)});
  const auto late = story.put(2, {before}, "d", "late");
  CHECK(story.text("d") == "before");
  CHECK(story.counts(before));
  CHECK_FALSE(story.counts(late));
  // It counts again where a valid member goes on from it.
  story.put(1, {late}, "e", "on top");
  CHECK(story.text("d") == "late");
  CHECK(story.counts(revoked));
}

TEST_CASE("reference: of two who revoke each other the senior wins") {
  Story story;
  const auto junior = story.write(1, {0}, {Story::revocation(0)});
  const auto senior = story.write(0, {0}, {Story::revocation(1)});
  CHECK_FALSE(story.counts(junior));
  CHECK(story.counts(senior));
}

TEST_CASE("reference: eight forked heads of a writer count") {
  Story story;
  for (int i = 0; i < 12; ++i) {
    PlannedCommit planned;
    planned.key = planned.writer = 1;
    planned.after = {0};
    planned.sequence = 1;
    planned.millis = 50;
    planned.writes = {{"d" + std::to_string(i), PlannedDocument{"x", "", {}}}};
    story.add(planned);
  }
  CHECK(story.peeled().count() == 9);
}

TEST_CASE("reference: of heads that are too many each author's last count, members' first") {
  Story story;
  const auto first = story.put(1, {0}, "a", "1"), second = story.put(2, {0}, "b", "1");
  PlannedCommit planned;
  planned.key = 1;
  planned.writer = 9;
  planned.after = {0};
  planned.writes = {{"c", PlannedDocument{"1", "", {}}}};
  const auto third = story.add(planned);
  World& world = story.world();
  const auto left = [&](const HeadLimits& heads) {
    State bounded(world.history(), world.store(), {.heads = heads});
    return bounded.peel(world.history().all());
  };
  CommitSet expected;
  expected.set(0).set(second).set(third);
  CHECK(left({8, 1, 4096}) == expected);
  CHECK(left({8, 256, 2}) == expected);
  CHECK(left({8, 256, 1}) == expected.reset(second));
  CHECK(left({8, 256, 3}).count() == 4);
  CHECK(story.counts(first));
}

TEST_CASE(
    "reference: rules reach neither members nor epoch, and hold from the commit that writes them") {
  Story story;
  const auto a = story.put(1, {0}, "d.json", R"({"f":1})");
  const auto b = story.put(2, {0}, "d.json", R"({"f":2})");
  CHECK(story.flagged("d.json"));
  const Entry before = *story.outcome("d.json").entry;
  story.put(0, {a, b}, ".isodb/merge.json", R"({"rules":[{"match":"**","strategy":"latest"}]})");
  CHECK_FALSE(story.flagged("d.json"));
  const Entry after = *story.outcome("d.json").entry;
  CHECK(after.stamp.clock == before.stamp.clock);
  CHECK(after.stamp.writer != before.stamp.writer);
}

TEST_CASE("reference: where bases of bases are too many, one stands for all, visibly") {
  World world(layered_history(1, 3, 8));
  const History& history = world.history();
  const Outcome whole = world.state().at(history.all(), "d.json");
  CHECK_FALSE(whole.conflicts.path);
  State bounded(history, world.store(), {.base_sets_max = 4});
  const Outcome& cut = bounded.at(history.all(), "d.json");
  CHECK(cut.conflicts.path);
  CHECK((cut.entry->flags & kFlagConflict) != 0);
  // The base is the greatest version, so that the others' arrays seem to be changes of its own.
  CHECK(bounded.document(*cut.entry).bytes != world.state().document(*whole.entry).bytes);
}

TEST_CASE("reference: where writes are too many, the versions alone count") {
  Story story;
  const auto base = story.put(0, {0}, "d.json", R"({"a":0,"b":0})");
  const auto left = story.put(1, {base}, "d.json", R"({"a":1,"b":0})");
  story.put(1, {left}, "d.json", R"({"a":1,"b":1})");
  story.put(2, {base}, "d.json", R"({"a":2,"b":0})");
  CHECK(story.conflicts("d.json") == "/a");
  World& world = story.world();
  State bounded(world.history(), world.store(), {.writes_max = 2});
  const Outcome& cut = bounded.at(world.history().all(), "d.json");
  // The same values: each version counts as if it had made all its line's changes.
  CHECK(bounded.document(*cut.entry).bytes == R"({"a":2,"b":1})");
  CHECK(cut.conflicts.fields == std::set<Field>{{"a"}});
}
