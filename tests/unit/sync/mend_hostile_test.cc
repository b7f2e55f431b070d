#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "core/hash.h"
#include "repo/access.h"
#include "sync/mend_session.h"
#include "sync/session.h"
#include "tests/support/testing.h"
#include "wire/run.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;

namespace {

const Bytes kWanted = "what is wanted";

/// Wants one object.
class OneWanted : public sync::ObjectsWanted {
 public:
  std::optional<wire::WantMessage> next() override {
    if (was_asked_) return std::nullopt;
    was_asked_ = true;
    const Id id = core::object_id(ObjectType::kBlob, kWanted);
    return wire::WantMessage{{{CommitId(id), {}}}, {id}};
  }
  bool take(objects::Object object) override {
    taken += object.payload == kWanted ? 1 : 0;
    return object.payload == kWanted;
  }
  int taken = 0;

 private:
  bool was_asked_ = false;
};

/// A mending, and a peer that says what it likes.
class Mended {
 public:
  explicit Mended(const Repository& repository)
      : state_(repo::Access::state(repository)), session_(*state_, wanted) {}

  std::optional<ErrorCode> say(wire::FrameType type, const Bytes& payload) {
    Bytes frame;
    wire::FrameWriter(frame).add(type, payload);
    return error_code_of([&] { session_.receive(frame); });
  }
  std::optional<ErrorCode> hello(const std::function<void(wire::Hello&)>& change = {}) {
    wire::Hello hello;
    hello.features = wire::kFeatureObjects;
    hello.sends = true;
    hello.repository = Bytes(state_->root.bytes().substr(0, 16));
    if (change) change(hello);
    Bytes frame;
    wire::FrameWriter out(frame);
    wire::write_hello(out, hello);
    return error_code_of([&] { session_.receive(frame); });
  }
  std::optional<ErrorCode> run(const std::vector<wire::Element>& elements, std::uint8_t stream) {
    wire::RunWriter writer({}, wire::RunWriter::kPlain);
    for (const wire::Element& element : elements) writer.add(element);
    for (const Bytes& payload : writer.take_run(stream)) {
      if (const auto code = say(wire::FrameType::kRun, payload)) return code;
    }
    return std::nullopt;
  }
  std::optional<ErrorCode> end(std::uint8_t stream, std::uint64_t commits = 0) {
    return say(wire::FrameType::kEnd, encode(wire::EndMessage{stream, commits, 0}));
  }
  bool finished() {
    session_.produce(1 << 20);
    return session_.finished();
  }

  OneWanted wanted;

 private:
  std::shared_ptr<RepositoryState> state_;
  sync::MendSession session_;
};

std::vector<wire::Element> object(ObjectType type, const Bytes& bytes) {
  return {wire::ObjectElement{type, bytes.size()}, wire::PieceElement{bytes}};
}

TEST_CASE("a mending takes what it asked for, and ends") {
  const TemporaryFolder folder;
  const Repository repository = Repository::init(folder / "r");
  Mended mended(repository);
  CHECK_FALSE(mended.hello());
  CHECK_FALSE(mended.end(0));
  CHECK_FALSE(mended.finished());
  CHECK_FALSE(mended.run(object(ObjectType::kBlob, kWanted), 1));
  CHECK_FALSE(mended.end(1));
  CHECK(mended.finished());
  CHECK(mended.wanted.taken == 1);
}

TEST_CASE("a mending ends with an error where the peer sends anything else") {
  const TemporaryFolder folder;
  const Repository repository = Repository::init(folder / "r");
  Mended mended(repository);
  SECTION("before its HELLO") {
    CHECK(mended.end(0) == ErrorCode::kCorrupt);
  }
  SECTION("of another repository") {
    CHECK(mended.hello([](wire::Hello& hello) { hello.repository[0] ^= 1; }) ==
          ErrorCode::kNotFound);
  }
  SECTION("of a program that gives no objects") {
    CHECK(mended.hello([](wire::Hello& hello) { hello.features = wire::kFeatureFrames; }) ==
          ErrorCode::kUnsupported);
  }
  SECTION("another object") {
    REQUIRE_FALSE(mended.hello());
    REQUIRE_FALSE(mended.end(0));
    CHECK(mended.run(object(ObjectType::kBlob, "something else"), 1) == ErrorCode::kCorrupt);
    CHECK(mended.wanted.taken == 0);
  }
  SECTION("an object of more than can be") {
    REQUIRE_FALSE(mended.hello());
    REQUIRE_FALSE(mended.end(0));
    CHECK(mended.run({wire::ObjectElement{ObjectType::kBlob, objects::kObjectBytesMax + 1},
                      wire::PieceElement{"a"}},
                     1) == ErrorCode::kCorrupt);
  }
  SECTION("a stream that was not asked for, or numbers that are not its") {
    REQUIRE_FALSE(mended.hello());
    CHECK(mended.end(0, 1) == ErrorCode::kCorrupt);
    Mended other(repository);
    REQUIRE_FALSE(other.hello());
    REQUIRE_FALSE(other.end(0));
    CHECK(other.end(2) == ErrorCode::kCorrupt);
  }
  SECTION("commits, or a question") {
    REQUIRE_FALSE(mended.hello());
    CHECK(mended.say(wire::FrameType::kWant,
                     encode(wire::WantMessage{{{CommitId(repository.id()), {0}}}, {}})) ==
          ErrorCode::kCorrupt);
  }
}

TEST_CASE("a peer that does not mend may not ask for objects, nor one that mends for contents") {
  const TemporaryFolder folder;
  const Repository repository = Repository::init(folder / "r");
  const std::shared_ptr<RepositoryState>& state = repo::Access::state(repository);
  for (const bool mends : {true, false}) {
    sync::SessionOptions options;
    options.peer = repository.public_key();
    options.sends = true;
    sync::Session session(state, options);
    wire::Hello hello;
    hello.features = wire::kFeaturePartial | (mends ? wire::kFeatureMends : 0);
    hello.takes = true;
    hello.repository = Bytes(state->root.bytes().substr(0, 16));
    hello.scope = wire::ScopeClaim{{"cows"}, wire::ScopeClaim::Boundary::kNone, {}, 0};
    Bytes frames;
    wire::FrameWriter out(frames);
    wire::write_hello(out, hello);
    session.receive(frames);
    session.produce(1 << 20);
    wire::WantMessage want{{{repository.id(), {0}}}, {}};
    if (!mends) want.objects = {repository.id()};
    Bytes asked;
    wire::FrameWriter(asked).add(wire::FrameType::kWant, encode(want));
    CHECK(error_code_of([&] { session.receive(asked); }) == ErrorCode::kCorrupt);
  }
}

}  // namespace
