#include <algorithm>
#include <random>

#include "core/hash.h"
#include "objects/commit_codec.h"
#include "sync/json_scalars.h"
#include "tests/support/folders.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;
using sync::Received;

namespace {

struct Fixture {
  Fixture() {
    Repository::init(folder / "a");
    a.emplace(folder / "a");
    b.emplace(empty_clone(folder / "b", a->repository.id()));
  }
  CommitId commit(const std::map<std::string, std::string>& documents) {
    Transaction transaction = a->repository.begin();
    for (const auto& [path, document] : documents) transaction.put(path, document);
    return std::get<CommitId>(transaction.commit({.message = "m"}));
  }
  /// Every element of what b lacks.
  std::vector<wire::Element> elements(sync::Outgoing::Options options = {}) {
    sync::Outgoing outgoing = outgoing_for(*a, *b, std::move(options));
    std::vector<wire::Element> all;
    while (auto element = outgoing.next()) all.push_back(std::move(*element));
    return all;
  }
  static std::vector<Received> take(sync::Incoming& incoming,
                                    const std::vector<wire::Element>& elements) {
    std::vector<Received> all;
    incoming.begin_stream();
    for (const wire::Element& element : elements) {
      auto received = incoming.take(element);
      if (!received) continue;
      all.push_back(*received);
      if (received->kind == Received::Kind::kWantedAsObjects) break;
      if (received->kind == Received::Kind::kMissingParents) break;
    }
    return all;
  }
  /// A commit as nobody's engine would make it, signed with the key of `side` and stored there.
  static CommitId forge(const SyncSide& side, const std::vector<CommitId>& parents,
                        const WriterId& writer, std::uint64_t sequence) {
    refs::WriteBatch batch;
    repo::Staging staging(*side.state->store, side.state->files);
    Commit commit;
    commit.parents = parents;
    commit.writer = writer;
    commit.sequence = sequence;
    const std::uint64_t millis = side.state->read_commit(parents.front()).clock.millis() + 1;
    commit.clock = HybridTime::of(millis, static_cast<std::uint16_t>(sequence));
    Entry entry;
    entry.content = staging.put(ObjectType::kBlob, "x" + std::to_string(sequence % 10));
    entry.size = 2;
    entry.stamp = commit.stamp();
    const std::vector<objects::TreeChange> changes{{"stolen", entry}};
    commit.tree = objects::edit_tree({staging, *side.state->node_cache}, staging,
                                     side.state->read_commit(parents.front()).tree, changes);
    objects::sign_commit(commit, side.state->key(), side.state->root);
    const CommitId id(staging.put(ObjectType::kCommit, objects::encode_commit(commit)));
    batch.loose.push_back(staging.loose().take());
    REQUIRE_FALSE(side.state->database->write(batch).lost);
    side.state->store->refresh();
    return id;
  }
  sync::Incoming incoming() { return sync::Incoming(*b->state, a->repository.public_key()); }

  TemporaryFolder folder;
  std::optional<SyncSide> a, b;
};

std::string values_text(const std::string& base, const std::string& result) {
  const auto values = sync::replaced_values(base, result, 100);
  if (!values) return "none";
  CHECK(sync::replace_values(base, *values, 65'536) == result);
  std::string text;
  for (const wire::ReplacedValue& value : *values) {
    text += std::to_string(value.skipped) + "=" + value.text + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("scalars are found by their bytes alone") {
  CHECK(values_text(R"({"a":1,"b":[true,"x"]})", R"({"a":1,"b":[true,"yy"]})") == "2=\"yy\" ");
  CHECK(values_text(R"({"a" : 1 , "b":2})", R"({"a" : 3 , "b":4})") == "0=3 0=4 ");
  CHECK(values_text(R"({"a":1})", R"({"b":1})") == "none");
  CHECK(values_text(R"(["\"",1])", R"(["\"",2])") == "1=2 ");
  CHECK(values_text("\"open", "\"other") == "0=\"other ");
  CHECK(values_text("a b, c\n", "a x, c\n") == "1=x ");
  CHECK(values_text("", "") == "");
  CHECK(values_text("", "1") == "none");
  CHECK(values_text("\"\\", "\"\\") == "");
  const std::vector<wire::ReplacedValue> beyond{{1, "x"}};
  CHECK(error_code_of([&] { sync::replace_values("[1]", beyond, 100); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { sync::replace_values("[1,1]", beyond, 3); }) == ErrorCode::kCorrupt);
}

TEST_CASE_METHOD(Fixture, "a commit that is rebuilt otherwise than signed is wanted as objects") {
  commit({{"a", "1"}});
  std::vector<wire::Element> all = elements();
  for (wire::Element& element : all) {
    if (auto* operation = std::get_if<wire::OperationElement>(&element)) operation->bytes = "2";
  }
  sync::Incoming incoming = this->incoming();
  CHECK(take(incoming, all).back().kind == Received::Kind::kWantedAsObjects);
  CHECK(error_code_of([&] { incoming.take(all.back()); }) == ErrorCode::kInvalid);
  const std::vector<Received> again =
      take(incoming, elements({.as_objects = {a->repository.resolve_commit("@")}}));
  CHECK(again.back().kind == Received::Kind::kTaken);
  take_branches(*a, *b, incoming);
  check_sound(b->repository);
}

TEST_CASE_METHOD(Fixture, "a commit without its parent is not taken, and the parent is named") {
  commit({{"a", "1"}});
  const CommitId parent = a->repository.resolve_commit("@");
  commit({{"a", "2"}});
  sync::Outgoing outgoing(*a->state, {a->repository.resolve_commit("@")});
  sync::Incoming incoming = this->incoming();
  const std::vector<Received> received = pump(outgoing, incoming).received;
  REQUIRE(received.size() == 1);
  CHECK(received[0].kind == Received::Kind::kMissingParents);
  CHECK(received[0].missing == std::vector<CommitId>{parent});
}

TEST_CASE_METHOD(Fixture, "a number that another key gave for this writer is not this writer's") {
  const std::uint64_t before = b->state->database->sequence();
  const WriterId writer = b->repository.writer();
  const CommitId forged = forge(*a, {a->repository.resolve_commit("@")}, writer, UINT64_MAX);
  sync::Outgoing outgoing(*a->state, {a->repository.resolve_commit("@"), forged}, {});
  sync::Incoming incoming = this->incoming();
  REQUIRE(pump(outgoing, incoming).count(Received::Kind::kTaken) == 2);
  REQUIRE_FALSE(incoming.finish({}));
  CHECK(b->state->database->sequence() == before);
  // Who knows where the copy came from: this clone goes by another id from now on.
  CHECK(b->state->database->setting(repo::kSettingWriter) != writer.hex());
}

TEST_CASE_METHOD(Fixture, "what may not be written is refused, with all that descends from it") {
  clone_folder(a->repository, folder / "c");
  SyncSide c(folder / "c");
  // c is no member, and is made to think that it is.
  const CommitId head = a->repository.resolve_commit("@");
  std::vector<CommitId> forged;
  std::vector<CommitId> parents{head};
  for (std::uint64_t i = 1; i <= 2; ++i) {
    forged.push_back(forge(c, parents, c.repository.writer(), i));
    parents = {forged.back()};
  }
  sync_one_way(*a, *b);
  for (const bool as_objects : {false, true}) {
    sync::Outgoing::Options options;
    if (as_objects) options.as_objects = forged;
    sync::Outgoing outgoing(*c.state, forged, options);
    sync::Incoming incoming = this->incoming();
    const std::vector<Received> received = pump(outgoing, incoming).received;
    REQUIRE(received.size() == 2);
    CHECK(received[0].kind == Received::Kind::kRefused);
    CHECK(received[0].id == forged[0]);
    CHECK(received[0].rule.find("no member") != std::string::npos);
    CHECK(received[1].kind == Received::Kind::kAfterRefused);
    incoming.flush();
    CHECK(incoming.heads().empty());
  }
  for (const CommitId& id : forged) CHECK_FALSE(b->state->store->contains(id));
}

TEST_CASE_METHOD(Fixture, "of a large commit by who may not write nothing is stored") {
  clone_folder(a->repository, folder / "c");
  const SyncSide c(folder / "c");
  const CommitId head = a->repository.resolve_commit("@");
  sync_one_way(*a, *b);
  wire::CommitElement commit;
  commit.author = c.repository.public_key();
  commit.writer = c.repository.writer();
  commit.sequence = 1;
  commit.millis = a->state->read_commit(head).clock.millis() + 1;
  commit.parents = {head};
  const auto operation = [](int i, const Bytes& bytes) {
    wire::OperationElement one;
    one.kind = wire::OperationKind::kWhole;
    one.is_new = true;
    one.rest = "!" + std::to_string(10'000 + i);
    one.bytes = bytes;
    return one;
  };
  const auto is_stored = [&](sync::Incoming& incoming, const Bytes& text) {
    return incoming.objects().contains(core::object_id(ObjectType::kBlob, text));
  };
  sync::Incoming incoming = this->incoming();
  incoming.begin_stream();
  const auto check_passed_over = [&](const std::optional<Received>& received) {
    REQUIRE(received);
    CHECK(received->kind == Received::Kind::kAfterRefused);
    // As judge() says of a small one.
    const std::string who = "its author " + commit.author.fingerprint();
    CHECK(received->rule.starts_with(who + " is no member"));
    CHECK(incoming.has_refused());
  };
  SECTION("of many documents") {
    commit.operations = 1'001;
    incoming.take(commit);
    std::optional<Received> last;
    for (int i = 0; i < 1'001; ++i) last = incoming.take(operation(i, "text " + std::to_string(i)));
    check_passed_over(last);
    CHECK_FALSE(is_stored(incoming, "text 0"));
    CHECK_FALSE(is_stored(incoming, "text 1000"));
  }
  SECTION("of one large document") {
    commit.operations = 1;
    incoming.take(commit);
    wire::OperationElement large = operation(0, {});
    large.kind = wire::OperationKind::kLarge;
    large.size = 70'000;
    large.parts = {{0, 0, 70'000}};
    CHECK_FALSE(incoming.take(large));
    std::optional<Received> last;
    for (std::size_t left = large.size; left > 0;) {
      const std::size_t bytes = std::min<std::size_t>(left, 10'000);
      last = incoming.take(wire::PieceElement{Bytes(bytes, 'x')});
      left -= bytes;
    }
    check_passed_over(last);
  }
  SECTION("who may write is not hindered") {
    commit.author = a->repository.public_key();
    commit.operations = 1'001;
    incoming.take(commit);
    incoming.take(operation(0, "text 0"));
    CHECK(is_stored(incoming, "text 0"));
  }
}

TEST_CASE_METHOD(Fixture, "what nobody proved ends the session where it is too much, and goes") {
  const CommitId head = a->repository.resolve_commit("@");
  sync_one_way(*a, *b);
  wire::CommitElement commit;
  commit.author = a->repository.public_key();
  commit.sequence = 1'000;
  commit.millis = a->state->read_commit(head).clock.millis() + 1;
  commit.parents = {head};
  commit.operations = std::uint64_t{1} << 30;
  std::mt19937_64 random(1);
  std::uint64_t sent = 0;
  /// nullopt: all were taken.
  const auto fill = [&](sync::Incoming& incoming, int operations) -> std::optional<Error> {
    incoming.begin_stream();
    return error_of([&] {
      incoming.take(commit);
      for (int i = 0; i < operations; ++i) {
        wire::OperationElement one;
        one.kind = wire::OperationKind::kWhole;
        one.is_new = true;
        one.rest = "!" + std::to_string(100'000 + i);
        one.bytes = random_bytes(random, 2'000);
        sent += one.bytes.size();
        incoming.take(one);
        if (i == 500) incoming.flush();
      }
    });
  };
  constexpr int kMany = 20'000;
  const PublicKey& peer = a->repository.public_key();
  {
    sync::Incoming incoming(*b->state, peer, {4 << 20, 1 << 20, 2});
    const std::optional<Error> error = fill(incoming, kMany);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kLimit);
    CHECK(sent < (30 << 20));
    incoming.flush();
  }
  CHECK_FALSE(sync::Incoming(*b->state, peer).resume());  // nor what was flushed of it before
  CHECK(b->repository.fsck().empty());
  {
    // As much, when as many bytes came.
    sync::Incoming incoming(*b->state, peer, {4 << 20, 1 << 20, 2});
    incoming.note_received(std::uint64_t{kMany} * 2'000);
    CHECK_FALSE(fill(incoming, kMany));
    CHECK_FALSE(incoming.has_too_much_to_keep());
    incoming.flush();
  }
  CHECK(sync::Incoming(*b->state, peer).resume());
}

TEST_CASE("what commits answer for that were taken is not counted, what was refused is") {
  sync::Unproved unproved(sync::Unproved::Limits{1'000, 100, 4});
  CHECK_FALSE(unproved.is_too_much(1'000));
  CHECK(unproved.is_too_much(1'001));
  CHECK(unproved.is_too_much_to_keep(101));
  unproved.end_commit(5'000, true);
  CHECK_FALSE(unproved.is_too_much(6'000));
  unproved.end_commit(6'000, false);
  unproved.end_commit(8'000, true);
  CHECK(unproved.is_too_much(8'001));
  unproved.receive(300);
  CHECK_FALSE(unproved.is_too_much(8'200));
}

TEST_CASE_METHOD(Fixture, "what one side lacks is found from heads and from hints") {
  std::vector<CommitId> all{a->repository.id()};
  for (int i = 0; i < 20; ++i) all.push_back(commit({{"a", std::to_string(i)}}));
  const CommitId head = all.back();
  const auto tail = [&](std::size_t from) {
    return std::vector<CommitId>(all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
  };
  CHECK(sync::missing_commits(*a->state, {}, {head}).commits == all);
  CHECK(sync::missing_commits(*a->state, {{all[5], all[2]}, {}}, {head}).commits == tail(6));
  CHECK(sync::missing_commits(*a->state, {{all[5], all[2]}, {}}, {head}).had ==
        std::vector<CommitId>{all[5]});
  CHECK(sync::missing_commits(*a->state, {{head}, {}}, {all[3]}).commits.empty());
  const std::vector<sync::Hint> hints = sync::make_hints(*a->state, {all[7]}, {});
  REQUIRE(hints.size() == 1);
  CHECK(sync::missing_commits(*a->state, {{}, hints}, {head}).commits == tail(8));
  CHECK(sync::missing_commits(*a->state, {{}, hints}, {head}).had == std::vector<CommitId>{all[7]});
  CHECK(sync::make_hints(*a->state, {all[7]}, {all[9]}).empty());
  std::vector<sync::Hint> wrong = hints;
  wrong[0].prefix[0] ^= 1;
  CHECK(sync::missing_commits(*a->state, {{}, wrong}, {head}).commits == all);
}

TEST_CASE_METHOD(Fixture, "tags come after the commits, with what they name") {
  const CommitId head = commit({{"a", "1"}, {"b", "2"}});
  const TagId release = a->repository.create_tag("v1", head, "release");
  const TagId tree = a->repository.create_tag("tree", a->repository.commit(head).tree, "");
  const TagId outer = a->repository.create_tag("outer", release, "");
  sync::Outgoing outgoing = outgoing_for(*a, *b, {.tags = {release, tree, outer}});
  sync::Incoming incoming = this->incoming();
  const Pumped pumped = pump(outgoing, incoming);
  CHECK(pumped.count(Received::Kind::kTag) >= 3);
  take_branches(*a, *b, incoming);
  b->state->store->refresh();
  for (const TagId& tag : {release, tree, outer}) CHECK(b->state->store->contains(tag));
}
