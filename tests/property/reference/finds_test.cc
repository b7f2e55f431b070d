// Histories in which engine and reference have differed, each named by the rule that decides.
#include <catch2/catch.hpp>

#include "tests/property/reference/state_engine.h"
#include "tests/property/reference/story.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

/// The engine's difference to the reference, in many orders of delivery.
std::string difference_in(Story& story) {
  return difference(story.world(), state_engine(), 1, {.orders = 40}).value_or("");
}

/// A commit of writer 1 that has the stamp of every other that this makes.
std::size_t write_as_twin(Story& story, const Story::Places& after, const std::string& path,
                          const std::string& bytes) {
  PlannedCommit planned;
  planned.key = planned.writer = 1;
  planned.after = after;
  planned.millis = 500;
  planned.sequence = 1;
  planned.writes = {{path, PlannedDocument{bytes, "application/json", {}}}};
  return story.add(std::move(planned));
}

}  // namespace

TEST_CASE("engine: entries alike of two commits with one stamp are two versions") {
  Story story;
  const auto base = story.put(0, {0}, "d.json", R"({"a":1})");
  write_as_twin(story, {base}, "d.json", R"({"a":2})");
  write_as_twin(story, {base}, "d.json", R"({"a":2})");
  CHECK((story.outcome("d.json").entry->flags & kFlagMerged) != 0);
  CHECK(difference_in(story).empty());
}

TEST_CASE("engine: who overwrote one of two commits with one stamp did not see the other") {
  Story story;
  const auto base = story.put(0, {0}, "d.json", R"({"a":1})");
  const auto twin = write_as_twin(story, {base}, "d.json", R"({"a":2})");
  write_as_twin(story, {base}, "d.json", R"({"a":2})");
  PlannedCommit on_top;
  on_top.key = on_top.writer = 2;
  on_top.after = {twin};
  on_top.millis = 600;
  on_top.writes = {{"d.json", PlannedDocument{R"({"a":3})", "application/json", {}}}};
  story.add(on_top);
  CHECK(story.text("d.json") == R"({"a":3})");
  CHECK(story.conflicts("d.json") == "/a");
  CHECK(difference_in(story).empty());
}

TEST_CASE("engine: a revocation counts where heads hold alike what twins put in its place") {
  Story story;
  const auto reinstated =
      Story::member({"m", test_key(3).public_key(), MemberRole::kAdmin, {}, {}});
  const auto as_twin = [&](const Story::Places& after) {
    return write_as_twin(story, after, reinstated.path, reinstated.document->bytes);
  };
  const auto revocation = story.write(2, {0}, {Story::revocation(3)});
  as_twin({revocation});
  const auto twin = as_twin({0});
  PlannedCommit theirs;
  theirs.key = theirs.writer = 3;
  theirs.after = {twin};
  theirs.millis = 600;
  theirs.writes = {{"d.json", PlannedDocument{"1", "application/json", {}}}};
  story.add(theirs);
  CHECK(story.text("d.json") == "(absent)");
  CHECK(difference_in(story).empty());
}

TEST_CASE("engine: a member document of more than 64 KiB is none") {
  Story story;
  const auto key = test_key(2).public_key();
  const std::string long_name(66'000, 'n');
  story.write(0, {0}, {Story::member({long_name, key, MemberRole::kReader, {}, true})});
  story.write(1, {0}, {Story::member({"n", key, MemberRole::kWriter, {}, {}})});
  CHECK(story.text(member_path(key)) == member_text({"n", key, MemberRole::kWriter, {}, {}}));
  CHECK(difference_in(story).empty());
}

TEST_CASE("engine: the empty prefix alone is no prefix") {
  Story story;
  const auto key = test_key(2).public_key();
  story.write(0, {0}, {Story::member({"m", key, MemberRole::kWriter, {""}, {}})});
  story.write(1, {0}, {Story::member({"n", key, MemberRole::kWriter, {}, {}})});
  CHECK(story.text(member_path(key)) == member_text({"n", key, MemberRole::kWriter, {}, {}}));
  CHECK(difference_in(story).empty());
}

TEST_CASE("engine: a branch whose documents are above 16 MiB together merges, and goes on") {
  const std::string half(std::size_t{9} << 20, 'x');
  Story story;
  const auto base = story.put(0, {0}, "notes.txt", "x\n");
  const auto json = story.put(0, {base}, "d.json", "{}");
  const auto left = story.put(1, {json}, "notes.txt", "x\n" + half + "l\n");
  const auto right = story.put(2, {json}, "notes.txt", "x\n" + half + "r\n");
  const auto left_too = story.put(1, {left}, "d.json", R"({"a":1,"l":")" + half + "\"}");
  const auto right_too = story.put(2, {right}, "d.json", R"({"a":2,"r":")" + half + "\"}");
  CHECK(story.text("notes.txt") == "x\n" + half + "r\n");
  CHECK(story.flagged("d.json"));
  story.put(0, {left_too, right_too}, "other.json", "1");
  CHECK(difference(story.world(), state_engine(), 1, {.orders = 2}).value_or("").empty());
}
