// Contents that come as objects, over a line that breaks every 200 KB: what came whole is not sent
// again, so that the largest gets through.
#include <catch2/catch.hpp>
#include <random>

#include "sync/incoming.h"
#include "tests/support/sync_peers.h"

using namespace isodb;
using namespace isodb::testing;
using wire::ScopeClaim;

namespace {

constexpr std::uint64_t kLineBytes = 200'000;
constexpr std::uint64_t kLargeBytes = 5'000'000;
/// What was in flight, and an object that was not whole.
constexpr std::uint64_t kWasteMax = 2 * 65'536;

Bytes random_document(std::uint64_t seed, std::uint64_t bytes) {
  std::mt19937_64 random(seed);
  Bytes document(bytes, '\0');
  for (char& byte : document) byte = static_cast<char>(random());
  return document;
}

ScopeClaim folder(const char* prefix) {
  ScopeClaim claim;
  claim.prefixes = {prefix};
  return claim;
}

struct Course {
  int sessions = 0;
  std::uint64_t bytes = 0;
};

/// Meets again and again until all is said.
Course meet_until_done(Device& field, Device& hub, const std::optional<Scope>& wider = {}) {
  Course course;
  for (bool is_done = false; !is_done; ++course.sessions) {
    REQUIRE(course.sessions < 100);
    const Meeting meeting = meet(field, hub, Way::kSync, {.bytes_max = kLineBytes}, wider);
    course.bytes += meeting.conversation.bytes();
    is_done = !meeting.conversation.cut;
    if (!is_done) continue;
    if (meeting.conversation.error) FAIL(meeting.conversation.error->what());
    if (meeting.conversation.error_there) FAIL(meeting.conversation.error_there->what());
    REQUIRE(meeting.report.waiting.empty());
    REQUIRE(meeting.report.contents_missing.empty());
  }
  return course;
}

void check_waste(const Course& course, std::uint64_t bytes) {
  INFO(course.sessions << " sessions, " << course.bytes << " bytes for " << bytes);
  CHECK(course.bytes >= bytes);
  CHECK(course.bytes < bytes + static_cast<std::uint64_t>(course.sessions) * kWasteMax);
  CHECK(course.sessions > 1);
}

/// A hub and somebody else who wrote one large document apart, and then on top of both.
struct Merged {
  Merged() {
    hub.put("b/large.bin", random_document(1, 70'000));
    REQUIRE_FALSE(meet(field, hub).conversation.error);
    REQUIRE_FALSE(meet(other, hub).conversation.error);
    hub.put("b/large.bin", random_document(2, kLargeBytes));
    other.put("b/large.bin", random_document(3, 70'000));
    REQUIRE_FALSE(meet(other, hub).conversation.error);
    hub.put("a/1.json", "1");
    REQUIRE(hub.state()->read_commit(CommitId(*hub.head())).parents.size() == 2);
  }
  Device hub, other{Device::Empty{}}, field{Device::Empty{folder("a")}};
};

}  // namespace

TEST_CASE("A large document that only a merge reads gets through a line that breaks every 200 KB") {
  Merged world;
  const Course course = meet_until_done(world.field, world.hub);
  check_waste(course, kLargeBytes);
  CHECK(world.field.head() == world.hub.head());
  CHECK(world.field.repository().fsck().empty());
  CHECK(world.field.repository().verify().empty());
  for (const auto& [name, value] : world.field.repository().settings()) {
    CHECK_FALSE(name.starts_with("objects_taken."));
  }
}

TEST_CASE("A large document gets through such a line where a scope is widened") {
  Device hub, field{Device::Empty{folder("a")}};
  hub.commit([](Transaction& transaction) {
    for (int i = 0; i < 40; ++i) {
      transaction.put("b/" + std::to_string(i), random_document(10 + i, 2'000));
    }
    transaction.put("b/20.bin", random_document(1, kLargeBytes));
    transaction.put("b/21.bin", random_document(2, 300'000), {.metadata = R"({"m":1})"});
  });
  REQUIRE_FALSE(meet(field, hub).conversation.error);
  const Scope wider{{"a", "b"}, {}};
  const Course course = meet_until_done(field, hub, wider);
  check_waste(course, kLargeBytes + 380'000);
  CHECK(*field.state()->reload_scope() == wider);
  CHECK(field.repository().fsck().empty());
  CHECK(field.repository().snapshot().get("b/20.bin") == random_document(1, kLargeBytes));
}

TEST_CASE("A commit that comes as objects gets through such a line") {
  Device hub, field{Device::Empty{}};
  REQUIRE_FALSE(meet(field, hub).conversation.error);
  Transaction transaction = hub.repository().begin();
  transaction.put("b/large.bin", random_document(1, kLargeBytes));
  transaction.commit({.message = std::string(66'000, 'm')});
  check_waste(meet_until_done(field, hub), kLargeBytes);
  CHECK(field.head() == hub.head());
  CHECK(field.repository().fsck().empty());
}

TEST_CASE("What came of objects comes again when the repository was collected meanwhile") {
  Merged world;
  const Line line{.bytes_max = kLineBytes};
  for (int i = 0; i < 3; ++i)
    REQUIRE(meet(world.field, world.hub, Way::kSync, line).conversation.cut);
  const auto taken = [&] {
    return sync::Incoming(*world.field.state(), world.hub.key()).objects_taken();
  };
  REQUIRE(taken());
  REQUIRE(taken()->count > 4);
  world.field.repository().collect();
  CHECK_FALSE(taken());
  CHECK(world.field.repository().fsck().empty());
  meet_until_done(world.field, world.hub);
  CHECK(world.field.head() == world.hub.head());
  CHECK(world.field.repository().verify().empty());
}

TEST_CASE("Objects are gone on with where others were told of, and nowhere else") {
  Merged world;
  const Line line{.bytes_max = kLineBytes};
  const wire::ResumeElement resume{.among_objects = true};
  const auto take = [&](const std::vector<wire::Element>& elements) {
    sync::Incoming incoming(*world.field.state(), world.hub.key());
    incoming.begin_stream();
    return error_code_of([&] {
      for (const wire::Element& element : elements) incoming.take(element);
    });
  };
  const std::vector<wire::Element> object{wire::ObjectElement{ObjectType::kBlob, 1},
                                          wire::PieceElement{"x"}};
  CHECK(take({resume}) == ErrorCode::kCorrupt);
  REQUIRE(meet(world.field, world.hub, Way::kSync, line).conversation.cut);
  REQUIRE(meet(world.field, world.hub, Way::kSync, line).conversation.cut);
  CHECK(take({resume, object[0], object[1]}) == std::nullopt);
  CHECK(take({object[0], object[1], resume}) == ErrorCode::kCorrupt);
  CHECK(take({object[0], resume}) == ErrorCode::kCorrupt);
  // Another who says that as much came, but of something else, is sent all.
  meet_until_done(world.field, world.hub);
  CHECK(world.field.head() == world.hub.head());
}
