#include <random>

#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

struct Fixture {
  Fixture() {
    Repository::init(folder / "a");
    a.emplace(folder / "a");
  }
  void commit(const std::map<std::string, std::string>& documents,
              const std::vector<std::string>& removed = {}) {
    Transaction transaction = a->repository.begin();
    for (const auto& [path, document] : documents) transaction.put(path, document);
    for (const std::string& path : removed) REQUIRE(transaction.remove(path));
    transaction.commit({.message = "m"});
  }
  SyncSide clone(const std::string& name) { return empty_clone(folder / name, a->repository.id()); }

  TemporaryFolder folder;
  std::optional<SyncSide> a;
};

/// As after a power cut: everything open is gone but what was made durable.
void restart(SyncSide& side) {
  const std::filesystem::path folder = side.repository.folder();
  side.state = SyncSide::open_state(folder);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a stream that breaks at any element goes on where it broke") {
  std::mt19937_64 random(3);
  const std::string large = random_bytes(random, 400'000);
  commit({{"a", "1"}, {"b", "2"}, {"c.bin", large}, {"d", "4"}});
  std::string edited = large;
  edited.insert(200'000, random_bytes(random, 100'000));
  commit({{"a", "one"}, {"aa", "new"}, {"c.bin", edited}, {"e", "5"}}, {"b"});

  SyncSide whole = clone("whole");
  std::uint64_t all = 0;
  {
    sync::Incoming incoming(*whole.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, whole);
    all = pump(outgoing, incoming).elements;
  }
  REQUIRE(all > 30);

  SyncSide b = clone("b");
  std::uint64_t sent = 0;
  for (;; restart(b)) {
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, b, {.resume = incoming.resume()}, incoming.heads());
    // The root comes as objects, which do not go on; then RESUME, perhaps the operation again, and
    // one element that is new.
    int left = incoming.heads().empty() ? 12 : 3;
    const Pumped pumped =
        pump(outgoing, incoming, [&](const wire::Element&) { return left-- > 0; });
    sent += pumped.elements;
    REQUIRE(sent < 10 * all);
    if (pumped.elements < 3) {
      take_branches(*a, b, incoming);
      break;
    }
    incoming.flush();
    if (sent % 5 == 0) b.repository.collect();
  }
  CHECK(sent > all);
  CHECK(b.repository.ref("heads/main") == a->repository.ref("heads/main"));
  CHECK(b.repository.refs("incoming/").empty());
  for (const auto& [name, value] : b.repository.settings()) {
    CHECK_FALSE(name.starts_with("incoming."));
  }
  check_sound(b.repository);
}

TEST_CASE_METHOD(Fixture, "of a document that was cut off only what is missing is sent again") {
  std::mt19937_64 random(4);
  commit({{"a.bin", random_bytes(random, 1 << 20)}});
  SyncSide b = clone("b");
  std::uint64_t bytes = 0;
  const auto count = [&](const wire::Element& element) {
    if (const auto* piece = std::get_if<wire::PieceElement>(&element)) bytes += piece->bytes.size();
    return bytes < 600'000;
  };
  {
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, b);
    pump(outgoing, incoming, count);
    incoming.flush();
  }
  restart(b);
  const std::uint64_t before = bytes;
  bytes = 0;
  sync::Incoming incoming(*b.state, a->repository.public_key());
  REQUIRE(incoming.resume());
  CHECK(incoming.resume()->bytes > 550'000);
  sync::Outgoing outgoing = outgoing_for(*a, b, {.resume = incoming.resume()}, incoming.heads());
  pump(outgoing, incoming, [&](const wire::Element& element) { return count(element), true; });
  take_branches(*a, b, incoming);
  CHECK(before + bytes < (1 << 20) + 2 * wire::PieceElement::kBytesMax + 2000);
  CHECK(b.repository.ref("heads/main") == a->repository.ref("heads/main"));
}

TEST_CASE_METHOD(Fixture, "what is left of a commit is dropped when the stream begins anew") {
  commit({{"a", "1"}, {"b", "2"}});
  SyncSide b = clone("b");
  {
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, b);
    pump(outgoing, incoming, [](const wire::Element& element) {
      const auto* operation = std::get_if<wire::OperationElement>(&element);
      return operation == nullptr || operation->rest != "b";
    });
    incoming.flush();
  }
  restart(b);
  sync::Incoming incoming(*b.state, a->repository.public_key());
  REQUIRE(incoming.resume());
  CHECK(incoming.resume()->operations == 1);
  CHECK(incoming.heads() == std::vector<CommitId>{a->repository.id()});
  sync::Outgoing outgoing = outgoing_for(*a, b, {}, incoming.heads());
  pump(outgoing, incoming);
  take_branches(*a, b, incoming);
  CHECK(b.repository.ref("heads/main") == a->repository.ref("heads/main"));
}

TEST_CASE_METHOD(Fixture, "after an operation that could not be taken the next session goes on") {
  for (const bool paths_are_old : {false, true}) {
    std::map<std::string, std::string> documents;
    for (int i = 0; i < 6; ++i) {
      documents["p" + std::to_string(i)] = paths_are_old ? "old" : "first";
    }
    commit(documents);
    SyncSide b = clone(paths_are_old ? "old" : "new");
    if (paths_are_old) {
      sync::Incoming incoming(*b.state, a->repository.public_key());
      sync::Outgoing outgoing = outgoing_for(*a, b);
      pump(outgoing, incoming);
      take_branches(*a, b, incoming);
      for (auto& [path, text] : documents) text = "a newer text of " + path;
      commit(documents);
    }
    for (int failing = 1; failing <= 6; ++failing) {
      INFO("operation " << failing << ", of old paths: " << paths_are_old);
      restart(b);
      sync::Incoming incoming(*b.state, a->repository.public_key());
      sync::Outgoing outgoing =
          outgoing_for(*a, b, {.resume = incoming.resume()}, incoming.heads());
      int operations = 0;
      const auto fail = [&](const wire::Element& element) {
        const auto* operation = std::get_if<wire::OperationElement>(&element);
        if (operation == nullptr || ++operations < failing) return true;
        wire::OperationElement damaged = *operation;
        damaged.kind = wire::OperationKind::kFrame;  // and no dictionary came
        CHECK(error_code_of([&] { incoming.take(damaged); }) == ErrorCode::kCorrupt);
        return false;
      };
      pump(outgoing, incoming, fail);
      incoming.flush();
    }
    restart(b);
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, b, {.resume = incoming.resume()}, incoming.heads());
    pump(outgoing, incoming);
    take_branches(*a, b, incoming);
    CHECK(b.repository.ref("heads/main") == a->repository.ref("heads/main"));
    check_sound(b.repository);
  }
}
