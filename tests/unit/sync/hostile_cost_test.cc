// What a peer may send that is small and must not cost much.
#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "core/hash.h"
#include "objects/commit_codec.h"
#include "repo/access.h"
#include "sync/session.h"
#include "sync/united_heads.h"
#include "tests/support/syncing.h"
#include "wire/messages.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

CommitId commit(Repository& repository, const std::string& text) {
  Transaction transaction = repository.begin();
  transaction.put("a", text);
  return std::get<CommitId>(transaction.commit({.message = "m"}));
}

/// A tag by a key that nobody knows.
Bytes tag_of(const RepositoryState& state, const Id& named, ObjectType type) {
  const SecretKey key = SecretKey::generate();
  Tag tag;
  tag.object = named;
  tag.type = type;
  tag.name = "t";
  tag.author = key.public_key();
  tag.clock = HybridTime::of(1'700'000'000'000, 1);
  objects::sign_tag(tag, key, state.root);
  return objects::encode_tag(tag);
}

TEST_CASE("a tag of tags of tags is taken and made up to a depth, and refused beyond") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const std::shared_ptr<RepositoryState>& state = repo::Access::state(repository);
  sync::Incoming incoming(*state, SecretKey::generate().public_key());
  incoming.begin_stream();
  Id named = commit(repository, "1");
  ObjectType type = ObjectType::kCommit;
  for (unsigned depth = 0; depth < RepositoryState::kTagsOnTagsMax; ++depth) {
    const Bytes tag = tag_of(*state, named, type);
    incoming.take(wire::ObjectElement{ObjectType::kTag, tag.size()});
    named = incoming.take(wire::PieceElement{tag}).value().id;
    type = ObjectType::kTag;
  }
  const Bytes tag = tag_of(*state, named, type);
  incoming.take(wire::ObjectElement{ObjectType::kTag, tag.size()});
  CHECK(error_code_of([&] { incoming.take(wire::PieceElement{tag}); }) == ErrorCode::kCorrupt);

  Id own = *repository.ref("heads/main");
  for (unsigned depth = 0; depth < RepositoryState::kTagsOnTagsMax; ++depth) {
    own = repository.create_tag("own" + std::to_string(depth), own, "");
  }
  CHECK(state->peel_tags(own) == *repository.ref("heads/main"));
  CHECK(error_code_of([&] { repository.create_tag("deeper", own, ""); }) == ErrorCode::kLimit);
}

/// A session with a reader that says what it likes.
class Reader {
 public:
  Reader(std::shared_ptr<RepositoryState> state, std::uint64_t features)
      : state_(std::move(state)) {
    sync::SessionOptions options;
    options.peer = SecretKey::generate().public_key();
    options.sends = options.watches = true;
    session_.emplace(state_, options);
    wire::Hello hello;
    hello.features = features;
    hello.takes = true;
    hello.repository = Bytes(state_->root.bytes().substr(0, 16));
    Bytes frames;
    wire::FrameWriter out(frames);
    wire::write_hello(out, hello);
    session_->receive(frames);
    drain();
  }
  std::optional<ErrorCode> ask(const wire::WantMessage& want) {
    Bytes frame;
    wire::FrameWriter(frame).add(wire::FrameType::kWant, encode(want));
    const auto failed = error_code_of([&] { session_->receive(frame); });
    if (!failed) drain();
    return failed;
  }

 private:
  void drain() {
    while (!session_->produce(1 << 16).empty()) {
    }
  }
  std::shared_ptr<RepositoryState> state_;
  std::optional<sync::Session> session_;
};

TEST_CASE("of a WANT history is walked once, whatever it names, and some are enough in vain") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const std::shared_ptr<RepositoryState>& state = repo::Access::state(repository);
  std::vector<CommitId> commits;
  for (int i = 0; i < 300; ++i) commits.push_back(commit(repository, std::to_string(i)));
  wire::WantMessage want;
  std::sort(commits.begin(), commits.end());
  for (const CommitId& id : commits) want.wanted.push_back({id, {}});
  want.objects = {core::sha256("what nobody has")};
  CHECK(state->merging->those_in_past(commits, {}).empty());

  Reader reader(state, wire::kFeatureObjects | wire::kFeatureMends);
  unsigned asked = 0;
  std::optional<ErrorCode> failed;
  for (; asked < 1000 && !failed; ++asked) failed = reader.ask(want);
  CHECK(failed == ErrorCode::kLimit);
  CHECK(asked == 257);
}

TEST_CASE("what a branch comes to is computed once, as long as it stays where it is") {
  int computed = 0;
  sync::UnitedHeads united([&](const std::vector<Id>& all) {
    ++computed;
    return std::vector<Id>{all.back()};
  });
  const Id one = core::sha256("1"), two = core::sha256("2"), three = core::sha256("3");
  for (int ack = 0; ack < 10; ++ack) {
    for (int branch = 0; branch < 100; ++branch) {
      CHECK(united.of("heads/" + std::to_string(branch), {one}, {two}) == std::vector<Id>{two});
    }
  }
  CHECK(computed == 100);
  CHECK(united.of("heads/7", {one}, {three}) == std::vector<Id>{three});
  CHECK(united.of("heads/7", {two}, {three}) == std::vector<Id>{three});
  CHECK(computed == 102);
}

}  // namespace
