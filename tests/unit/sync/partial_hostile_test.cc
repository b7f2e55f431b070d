// What a peer may not do with partial repositories.
#include "core/hash.h"
#include "repo/access.h"
#include "repo/scope.h"
#include "sync/session.h"
#include "tests/support/pair_of_repositories.h"
#include "tests/support/syncing.h"
#include "tests/support/wire_frames.h"
#include "wire/run.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

std::vector<wire::Element> all_of(sync::Outgoing&& outgoing) {
  std::vector<wire::Element> all;
  while (auto element = outgoing.next()) all.push_back(std::move(*element));
  return all;
}

void set_scope(const std::filesystem::path& folder, const Scope& scope) {
  refs::WriteBatch batch;
  batch.settings = {{repo::kSettingScope, repo::scope_text(scope)}};
  refs::Database::open(folder / RepositoryState::kDatabaseName, {})->write(batch);
}

/// A server's side of a session, and a peer that says what it likes.
class Served {
 public:
  explicit Served(Repository& repository) : state_(repo::Access::state(repository)) {
    sync::SessionOptions options;
    options.peer = repository.public_key();
    options.sends = options.takes = true;
    options.destination = {.into_branches = true, .remote = "peer"};
    session_.emplace(state_, options);
  }

  void hello(const std::optional<wire::ScopeClaim>& scope) {
    wire::Hello hello;
    hello.features = wire::kFeaturePartial;
    hello.takes = true;
    hello.repository = Bytes(state_->root.bytes().substr(0, 16));
    hello.scope = scope;
    Bytes frame;
    wire::FrameWriter out(frame);
    wire::write_hello(out, hello);
    session_->receive(frame);
    said();
  }
  std::optional<ErrorCode> want(const std::vector<wire::WantMessage::Entries>& wanted) {
    Bytes frame;
    wire::FrameWriter(frame).add(wire::FrameType::kWant, encode(wire::WantMessage{wanted}));
    return error_code_of([&] { session_->receive(frame); });
  }
  /// What it says until it waits.
  std::vector<std::pair<wire::FrameType, Bytes>> said() {
    Bytes all;
    for (;;) {
      const Bytes bytes = session_->produce(1 << 20);
      if (bytes.empty()) return frames_of(all);
      all += bytes;
    }
  }

 private:
  std::shared_ptr<RepositoryState> state_;
  std::optional<sync::Session> session_;
};

wire::ScopeClaim claim_of_cows() {
  wire::ScopeClaim claim;
  claim.prefixes = {"cows"};
  return claim;
}

std::vector<Bytes> run_of(const std::vector<wire::Element>& elements, std::uint8_t stream) {
  wire::RunWriter writer({}, 1);
  for (const wire::Element& element : elements) writer.add(element);
  return writer.take_run(stream);
}

}  // namespace

TEST_CASE("HASH and COPY bring nothing into a scope that is not there") {
  const TemporaryFolder folder;
  Repository::init(folder / "a");
  SyncSide a(folder / "a");
  { const SyncSide made = empty_clone(folder / "b", a.repository.id()); }
  set_scope(folder / "b", {{"cows"}, {}});
  SyncSide b(folder / "b");
  put(a.repository, "sheep/1", "a document that was not sent");
  put(a.repository, "cows/1", "a document that has to come");
  const Id content = a.repository.snapshot().entry("cows/1")->content;

  const auto take = [&](const std::function<void(wire::OperationElement&)>& change) {
    sync::Incoming incoming(*b.state, a.repository.public_key());
    incoming.begin_stream();
    return error_of([&] {
      for (wire::Element& element : all_of(outgoing_for(a, b))) {
        if (auto* operation = std::get_if<wire::OperationElement>(&element)) change(*operation);
        incoming.take(std::move(element));
      }
    });
  };
  const auto as_hash = [&](wire::OperationElement& operation) {
    const Bytes bytes = std::exchange(operation.bytes, {});
    operation.kind = wire::OperationKind::kHash;
    operation.size = bytes.size();
    operation.content = core::object_id(ObjectType::kBlob, bytes);
  };
  const auto is_of = [](const wire::OperationElement& operation, const char* path) {
    return operation.rest.find(path) != std::string::npos;
  };
  CHECK_FALSE(take([&](wire::OperationElement& operation) {
    if (is_of(operation, "sheep")) as_hash(operation);
  }));
  const auto hashed = take([&](wire::OperationElement& operation) {
    if (is_of(operation, "cows")) as_hash(operation);
  });
  REQUIRE(hashed);
  CHECK(hashed->code() == ErrorCode::kCorrupt);
  CHECK(std::string(hashed->what()).find("'cows/1'") != std::string::npos);
  // The content of an entry that is not held, under a path where it has to be.
  const auto copied = take([&](wire::OperationElement& operation) {
    if (is_of(operation, "sheep")) as_hash(operation);
    if (!is_of(operation, "cows")) return;
    operation.bytes.clear();
    operation.kind = wire::OperationKind::kCopy;
    operation.rank_delta = 0;  // of the rank that it is put before
  });
  REQUIRE(copied);
  CHECK(copied->code() == ErrorCode::kCorrupt);
  // A size that such a content cannot have.
  const auto size = take([&](wire::OperationElement& operation) {
    if (!is_of(operation, "sheep")) return;
    as_hash(operation);
    operation.size = 70'000;
  });
  REQUIRE(size);
  CHECK(size->code() == ErrorCode::kCorrupt);
  // Nobody hashes to who holds everything.
  set_scope(folder / "b", {});
  b.state->reload_scope();
  const auto whole = take([&](wire::OperationElement& operation) {
    if (is_of(operation, "sheep")) as_hash(operation);
  });
  REQUIRE(whole);
  CHECK(whole->code() == ErrorCode::kCorrupt);
  CHECK_FALSE(b.state->store->contains(content));
}

TEST_CASE("WANT gives what the peer was told of, and nothing else") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "a");
  put(repository, "cows/1", "one");
  put(repository, "sheep/1", "two");
  const CommitId head = repository.resolve_commit("@");
  repository.move_ref("heads/secret", std::nullopt, head, "test");
  repository.set_current_branch("heads/secret");
  put(repository, "cows/2", "nobody's");
  const CommitId hidden = repository.resolve_commit("@");
  repository.set_current_branch("heads/main");
  repository.move_ref("heads/secret", hidden, std::nullopt, "test");
  const auto state = repo::Access::state(repository);
  const std::uint64_t count =
      objects::count_documents(state->nodes(), state->read_commit(head).tree);

  Served partial(repository);
  partial.hello(claim_of_cows());
  CHECK(partial.want({{head, {0, count - 1}}}) == std::nullopt);
  const auto answer = partial.said();
  REQUIRE(answer.size() == 2);
  CHECK(answer[0].first == wire::FrameType::kRun);
  CHECK(wire::decode_end(answer[1].second) == wire::EndMessage{1, 0, 0});
  CHECK(partial.want({{head, {count}}}) == ErrorCode::kCorrupt);

  const auto frames_for = [&](const CommitId& commit) {
    Served served(repository);
    served.hello(claim_of_cows());
    CHECK(served.want({{commit, {0}}}) == std::nullopt);
    return served.said().size();
  };
  CHECK(frames_for(head) == 2);
  CHECK(frames_for(hidden) == 1);
  CHECK(frames_for(CommitId(numbered_id(1))) == 1);
  Served whole(repository);
  whole.hello(std::nullopt);
  CHECK(whole.want({{head, {0}}}) == ErrorCode::kCorrupt);
  wire::ScopeClaim depth = claim_of_cows();
  depth.boundary = wire::ScopeClaim::Boundary::kDepth;
  depth.number = 1;
  CHECK(error_code_of([&] { Served(repository).hello(depth); }) == ErrorCode::kCorrupt);
  wire::ScopeClaim odd;
  odd.prefixes = {"cows", "cows/1"};
  CHECK(error_code_of([&] { Served(repository).hello(odd); }) == ErrorCode::kCorrupt);
}

TEST_CASE("an answer to WANT is contents, and no more of them than were asked for") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "a");
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  const auto take = [&](const std::vector<wire::Element>& elements) {
    sync::Taking taking(*state, repository.public_key());
    taking.begin({});
    std::optional<wire::NeedMessage> need;
    CHECK(taking.end({0, 0, 0}, {}, need));
    taking.begin_answer({}, 100);
    return error_code_of([&] {
      for (const Bytes& payload : run_of(elements, 1)) taking.run(payload);
      taking.end({1, 0, 0}, {}, need);
    });
  };
  const wire::PieceElement piece{Bytes(60, 'x')};
  const wire::ObjectElement object{ObjectType::kBlob, 60};
  CHECK(take({object, piece}) == std::nullopt);
  CHECK(take({object, piece, object, piece}) == ErrorCode::kCorrupt);
  CHECK(take({wire::ObjectElement{ObjectType::kTree, 60}, piece}) == ErrorCode::kCorrupt);
  wire::CommitElement commit;
  commit.sequence = 1;
  commit.parents = {repository.id()};
  CHECK(take({commit}) == ErrorCode::kCorrupt);
}
