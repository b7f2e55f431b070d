#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "isodb/repository.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::error_of;
using isodb::testing::TemporaryFolder;

namespace {

CommitId put(Repository& repository, const std::string& path, const std::string& document) {
  Transaction transaction = repository.begin();
  transaction.put(path, document);
  return std::get<CommitId>(transaction.commit({.message = "put " + path}));
}

}  // namespace

TEST_CASE("every document of a transaction is readable at its commit, and at none before") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction transaction = repository.begin();
  for (int i = 0; i < 100; ++i) {
    transaction.put("cows/" + std::to_string(i) + ".json", "{\"n\":" + std::to_string(i) + "}");
  }
  const CommitId commit = std::get<CommitId>(transaction.commit({.message = "a herd"}));
  const Snapshot after = repository.snapshot_of(commit);
  for (int i = 0; i < 100; ++i) {
    CHECK(after.get("cows/" + std::to_string(i) + ".json") == "{\"n\":" + std::to_string(i) + "}");
  }
  CHECK(after.count("cows/") == 100);
  CHECK(repository.snapshot_of(repository.id()).count("cows/") == 0);
}

TEST_CASE("an old commit keeps the old text, and what did not change is readable at both") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "alice", "A");
  const CommitId a = put(repository, "bob", "old");
  const CommitId b = put(repository, "bob", "new");
  CHECK(repository.snapshot_of(a).get("bob") == "old");
  CHECK(repository.snapshot_of(b).get("bob") == "new");
  CHECK(repository.snapshot_of(b).get("alice") == "A");
}

TEST_CASE("a transaction reads its own writes before they are committed") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "kept", "1");
  put(repository, "gone", "2");
  Transaction transaction = repository.begin();
  transaction.put("new", "3");
  CHECK(transaction.remove("gone"));
  CHECK_FALSE(transaction.remove("never"));
  CHECK(transaction.get("new") == "3");
  CHECK_FALSE(transaction.get("gone"));
  const std::string member = ".isodb/members/" + repository.public_key().fingerprint() + ".json";
  CHECK(transaction.list("") ==
        std::vector<std::string>{member, ".isodb/repository.json", "kept", "new"});
  CHECK_FALSE(repository.snapshot().get("new"));
}

TEST_CASE("disjoint transactions from one snapshot both commit") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction first = repository.begin();
  Transaction second = repository.begin();
  first.put("a", "1");
  second.put("b", "2");
  CHECK(std::holds_alternative<CommitId>(first.commit({.message = "a"})));
  CHECK(std::holds_alternative<CommitId>(second.commit({.message = "b"})));
  CHECK(repository.snapshot().get("a") == "1");
  CHECK(repository.snapshot().get("b") == "2");
}

TEST_CASE("a transaction whose reads or writes changed since is stale and names head and paths") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "x", "1");
  int round = 1;
  const auto stale_after = [&](const std::function<void(Transaction&)>& prepare) {
    Transaction late = repository.begin();
    prepare(late);
    const CommitId head = put(repository, "x", std::to_string(++round));
    const auto outcome = late.commit({.message = "late"});
    REQUIRE(std::holds_alternative<Stale>(outcome));
    CHECK(std::get<Stale>(outcome).paths == std::vector<std::string>{"x"});
    CHECK(std::get<Stale>(outcome).actual == head);
    CHECK_FALSE(repository.snapshot().get("y"));
  };
  stale_after([](Transaction& late) { late.put("x", "mine"); });
  stale_after([](Transaction& late) { late.get("x"), late.put("y", "from x"); });
  stale_after([](Transaction& late) { late.list(""), late.put("y", "from all"); });
}

TEST_CASE("a conditional write holds on the head it is committed onto") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "x", "1");
  const Id one = repository.snapshot().entry("x")->content;
  Transaction when_one = repository.begin();
  when_one.expect_content("x", one);
  when_one.put("y", "x was 1");
  CHECK(std::holds_alternative<CommitId>(when_one.commit({.message = "m"})));
  Transaction when_absent = repository.begin();
  when_absent.expect_absent("x");
  when_absent.put("x", "2");
  CHECK(std::holds_alternative<Stale>(when_absent.commit({.message = "m"})));
  CHECK(repository.snapshot().get("x") == "1");
}

TEST_CASE("writing what stands there already is nothing to commit") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "x", "1");
  Transaction again = repository.begin();
  again.put("x", "1");
  const auto error = isodb::testing::error_of([&] { again.commit({.message = "m"}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  Transaction checkpoint = repository.begin();
  CHECK(std::holds_alternative<CommitId>(
      checkpoint.commit({.message = "checkpoint", .allow_empty = true})));
}

TEST_CASE("what another handle committed meanwhile counts, whatever this one committed last") {
  TemporaryFolder folder;
  Repository here = Repository::init(folder / "r");
  Repository there = Repository::open(folder / "r");
  put(here, "a", "1");
  // Built on what was read; the database says that the branch is elsewhere.
  Transaction disjoint = here.begin();
  disjoint.put("b", "1");
  put(there, "c", "1");
  CHECK(std::holds_alternative<CommitId>(disjoint.commit({})));
  CHECK(here.snapshot().get("c") == "1");
  // Nothing to commit by what was read, but not by what is there.
  Transaction unchanged = here.begin();
  unchanged.put("a", "1");
  put(there, "a", "2");
  CHECK(std::get<Stale>(unchanged.commit({})).paths == std::vector<std::string>{"a"});
  Transaction overlapping = here.begin();
  overlapping.put("a", "3");
  const CommitId newer = put(there, "a", "4");
  CHECK(std::get<Stale>(overlapping.commit({})).actual == newer);
  // Their numbers go on from each other's.
  std::set<std::uint64_t> numbers;
  here.log(here.resolve_heads("heads/main"), {}, [&](const LoggedCommit& commit) {
    CHECK(numbers.insert(commit.commit.sequence).second);
    return true;
  });
  CHECK(numbers.size() == 6);
}

TEST_CASE("a bulk transaction goes through a pack and rebases like a small one") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction bulk = repository.begin();
  for (int i = 0; i < 20'000; ++i) {
    bulk.put("bulk/" + std::to_string(i * 7919 % 20'000),
             std::string(300, 'x') + std::to_string(i));
  }
  put(repository, "meanwhile", "1");
  REQUIRE(std::holds_alternative<CommitId>(bulk.commit({.message = "bulk"})));
  const Snapshot head = repository.snapshot();
  CHECK(head.count("bulk/") == 20'000);
  CHECK(head.get("meanwhile") == "1");
  CHECK(head.get("bulk/7919") == std::string(300, 'x') + "1");
  CHECK(repository.statistics().packs == 1);
}

TEST_CASE("threads that commit at once lose nothing, and every commit follows another") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  constexpr int kThreads = 8, kCommits = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&repository, t] {
      for (int i = 0; i < kCommits; ++i) {
        put(repository, "t" + std::to_string(t) + "/" + std::to_string(i), "x");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(repository.snapshot().count("t") == kThreads * kCommits);
  std::uint64_t commits = 0;
  repository.log(repository.resolve_heads("@"), {}, [&](const LoggedCommit& logged) {
    CHECK(logged.commit.parents.size() <= 1);
    ++commits;
    return true;
  });
  CHECK(commits == 1 + kThreads * kCommits);
  CHECK(repository.verify().empty());
}

TEST_CASE("threads that commit to two branches at once build on what their group just made") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const auto main = repository.ref("heads/main");
  REQUIRE(repository.move_ref("heads/side", std::nullopt, main, "branch").done);
  constexpr int kThreads = 8, kCommits = 40;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string branch = t % 2 == 0 ? "heads/main" : "heads/side";
      for (int i = 0; i < kCommits; ++i) {
        Transaction transaction = repository.begin(branch);
        transaction.put(std::to_string(t) + "/" + std::to_string(i), "x");
        const auto error = error_of([&] {
          if (!std::holds_alternative<CommitId>(transaction.commit({}))) ++failures;
        });
        if (error) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  const int each = kThreads / 2 * kCommits;
  CHECK(repository.snapshot("main").count() == repository.snapshot_of(*main).count() + each);
  CHECK(repository.snapshot("side").count() == repository.snapshot_of(*main).count() + each);
  CHECK(repository.verify().empty());
}

TEST_CASE("counting in one document from several threads loses no update") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "counter", "0");
  constexpr int kThreads = 4, kIncrements = 40;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&repository] {
      for (int done = 0; done < kIncrements;) {
        Transaction transaction = repository.begin();
        transaction.put("counter", std::to_string(std::stoi(*transaction.get("counter")) + 1));
        if (std::holds_alternative<CommitId>(transaction.commit({.message = "+1"}))) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(repository.snapshot().get("counter") == std::to_string(kThreads * kIncrements));
}

TEST_CASE("a large document streams in and out, and any range of it reads without the rest") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  std::string document;
  for (std::uint32_t i = 0; document.size() < 3'000'000; ++i) document += std::to_string(i * i);
  Transaction transaction = repository.begin();
  std::size_t sent = 0;
  transaction.put_stream("big.bin", [&](char* buffer, std::size_t size) {
    const std::size_t count = std::min(size, document.size() - sent);
    document.copy(buffer, count, sent);
    sent += count;
    return count;
  });
  CHECK(std::holds_alternative<CommitId>(transaction.commit({.message = "big"})));
  const Snapshot head = repository.snapshot();
  std::string back;
  CHECK(head.stream("big.bin", [&](ByteView part) { back += part; }));
  CHECK(back == document);
  CHECK(head.get_range("big.bin", 1'234'567, 1000) == document.substr(1'234'567, 1000));
  CHECK(head.entry("big.bin")->kind == ContentKind::kList);
}

TEST_CASE("a path that may not name a document is refused before anything is written") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction transaction = repository.begin();
  for (const std::string path : {"", "/a", "a//b", "a/../b", "a/", "tab\there", "bad\xff"}) {
    const auto error = isodb::testing::error_of([&] { transaction.put(path, "x"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
  }
  CHECK(transaction.empty());
}

TEST_CASE("metadata and media type stay with a document until they are replaced") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction first = repository.begin();
  PutOptions with_metadata;
  with_metadata.metadata = R"({"place":"barn"})";
  first.put("p.json", "{}", with_metadata);
  first.commit({.message = "1"});
  put(repository, "p.json", "{\"a\":1}");
  CHECK(repository.snapshot().metadata("p.json") == R"({"place":"barn"})");
  CHECK(repository.snapshot().entry("p.json")->media_type == "application/json");
  Transaction third = repository.begin();
  third.put("p.json", "{\"a\":1}", {.media_type = "text/plain", .metadata = "{}"});
  third.commit({.message = "3"});
  CHECK_FALSE(repository.snapshot().metadata("p.json"));
  CHECK(repository.snapshot().entry("p.json")->media_type == "text/plain");
}

TEST_CASE("threads whose commits fail in one group with others each get their own outcome") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  constexpr int kThreads = 8, kCommits = 50;
  std::atomic<int> done = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) {
        Transaction transaction = repository.begin();
        if (t % 2 == 0) transaction.put("t" + std::to_string(t), std::to_string(i));
        const auto error = error_of([&] { transaction.commit({.message = "x"}); });
        error ? ++refused : ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == kThreads / 2 * kCommits);
  CHECK(refused == kThreads / 2 * kCommits);
  CHECK(repository.snapshot().count("t") == kThreads / 2);
}

TEST_CASE("handles that commit to branches of their own never use one stamp twice") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const Id root = repository.id();
  constexpr int kHandles = 4, kCommits = 100;
  std::mutex mutex;
  std::set<Stamp> stamps;
  std::vector<std::thread> threads;
  for (int t = 0; t < kHandles; ++t) {
    const std::string branch = "heads/b" + std::to_string(t);
    REQUIRE(repository.move_ref(branch, std::nullopt, root, "test").done);
    threads.emplace_back([&, branch] {
      Repository handle = Repository::open(folder / "r");
      for (int i = 0; i < kCommits; ++i) {
        Transaction transaction = handle.begin(branch);
        transaction.put("a", std::to_string(i));
        const auto id = std::get<CommitId>(transaction.commit({.message = "a"}));
        const Stamp stamp = handle.commit(id).stamp();
        const std::lock_guard lock(mutex);
        stamps.insert(stamp);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(stamps.size() == kHandles * kCommits);
}

TEST_CASE("an entry is put only if it describes its content") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "a", std::string(100, 'x'));
  put(repository, "empty", "");
  put(repository, "large", std::string(100'000, 'x'));
  Transaction transaction = repository.begin();
  for (const char* path : {"a", "empty", "large"}) {
    Entry entry = *repository.snapshot().entry(path);
    transaction.put_entry("copy/" + std::string(path), entry);
    entry.size = entry.size == 0 ? 1 : entry.size - 1;
    CHECK(error_code_of([&] { transaction.put_entry("b", entry); }) == ErrorCode::kInvalid);
    entry.size = 0;
    entry.kind = ContentKind::kBlob;
    if (path != std::string("empty")) {
      CHECK(error_code_of([&] { transaction.put_entry("b", entry); }) == ErrorCode::kInvalid);
    }
  }
  transaction.commit({.message = "copies"});
  CHECK(repository.snapshot().count("copy") == 3);
  CHECK(repository.fsck().empty());
}
