// Collections of whole repositories, beside everything that others may do meanwhile.
#include "refs/collection.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "core/hash.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "isodb/space.h"
#include "repo/access.h"
#include "repo/care.h"
#include "repo/reachable.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::TemporaryFolder;
using refs::CollectStep;

namespace {

RepositoryState& state_of(const Repository& repository) {
  return *repo::Access::state(repository);
}

/// Again, where a collection came in between.
CommitId put(Repository& repository, const std::string& path, const std::string& document,
             const std::string& branch = {}) {
  for (;;) {
    Transaction transaction = repository.begin(branch);
    transaction.put(path, document);
    const auto done = transaction.commit({.message = "put " + path});
    if (const CommitId* id = std::get_if<CommitId>(&done)) return *id;
  }
}

void branch(Repository& repository, const std::string& name) {
  REQUIRE(repository.move_ref(name, std::nullopt, repository.ref("heads/main"), "branch").done);
}

void drop(Repository& repository, const std::string& name) {
  REQUIRE(repository.move_ref(name, repository.ref(name), std::nullopt, "delete").done);
}

bool holds(const Repository& repository, const std::string& document) {
  return state_of(repository).store->contains(core::object_id(ObjectType::kBlob, document));
}

void check_sound(const std::filesystem::path& folder) {
  const Repository repository = Repository::open(folder);
  for (const Finding& finding : repository.fsck()) {
    FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
  }
  for (const Finding& finding : repository.verify({.again = true})) {
    FAIL_CHECK("verify: " << finding.where << ": " << finding.problem);
  }
}

std::string text(int number) {
  std::string long_enough;
  for (int i = 0; i < 40; ++i) long_enough += "line " + std::to_string(number * i) + "\n";
  return long_enough;
}

/// A repository of which a good part is garbage: a branch that is gone, with its reflog, and what
/// was staged in a draft that was dropped.
struct Scene {
  Scene() : repository(Repository::init(folder / "r")) {
    for (int i = 0; i < 20; ++i) put(repository, "kept/" + std::to_string(i % 7), text(i));
    branch(repository, "heads/two");
    put(repository, "two", text(500), "heads/two");
    branch(repository, "heads/gone");
    for (int i = 100; i < 120; ++i) {
      lost = put(repository, "gone/" + std::to_string(i), text(i), "heads/gone");
    }
    drop(repository, "heads/gone");
    repository.begin_draft();
    Transaction draft = repository.draft_transaction();
    draft.put("staged", text(200));
    repository.save_draft(draft);
    repository.drop_draft();
    state_of(repository).database->expire_reflog(INT64_MAX);
  }
  std::filesystem::path path() const { return folder / "r"; }

  TemporaryFolder folder;
  Repository repository;
  CommitId lost;  ///< that led to what is garbage now
};

using Check = std::function<void(const Repository&)>;
/// Something that somebody does meanwhile, with what has to be so afterwards.
struct Meanwhile {
  std::string name;
  std::function<Check(Repository& other, const Scene&)> act;
};

Check commits_again(Repository& other, const Scene&) {
  put(other, "again", text(110));
  return [](const Repository& after) { CHECK(after.snapshot().get("again") == text(110)); };
}

Check stages_again(Repository& other, const Scene&) {
  other.begin_draft();
  Transaction draft = other.draft_transaction();
  draft.put("staged", text(200));
  draft.put("new", text(201));
  other.save_draft(draft);
  return [](const Repository& after) {
    Repository again = Repository::open(after.folder());
    if (again.draft()) {
      CHECK(again.draft_transaction().get("staged") == text(200));
      CHECK(std::holds_alternative<CommitId>(again.commit_draft({})));
    }
    CHECK(again.snapshot().get("new") == text(201));
  };
}

Check imports(Repository& other, const Scene&) {
  ImportSession session(other);
  ImportSession::CommitInput input;
  for (int i = 90; i < 130; ++i) {
    input.changes.push_back(
        {"imported/" + std::to_string(i), session.write_document(text(i), "text/plain")});
  }
  const CommitId commit = session.commit(std::move(input));
  CHECK_FALSE(session.finish({{"heads/imported", commit}}, "import"));
  return [](const Repository& after) {
    CHECK(after.snapshot("imported").get("imported/115") == text(115));
  };
}

Check makes_a_branch_of_what_was_lost(Repository& other, const Scene& scene) {
  CHECK(other.move_ref("heads/back", std::nullopt, scene.lost, "found again").done);
  return [](const Repository& after) {
    CHECK(after.snapshot("back").get("gone/103") == text(103));
    CHECK(after.resolve("back~19") != after.id());
  };
}

Check tags_what_was_lost(Repository& other, const Scene& scene) {
  other.create_tag("found", scene.lost, "again");
  return
      [](const Repository& after) { CHECK(after.snapshot("found").get("gone/119") == text(119)); };
}

Check drops_a_branch(Repository& other, const Scene&) {
  const Id head = *other.ref("heads/two");
  drop(other, "heads/two");
  return [head](const Repository& after) {
    CHECK(after.snapshot_of(head).get("two") == text(500));  // the reflog leads to it
  };
}

Check merges(Repository& other, const Scene&) {
  other.merge("heads/two");
  return [](const Repository& after) {
    CHECK(after.snapshot().get("two") == text(500));
    CHECK(after.snapshot().get("kept/3"));
  };
}

const std::vector<Meanwhile> kMeanwhile = {
    {"commits a document that was garbage", commits_again},
    {"stages it in a draft", stages_again},
    {"imports it", imports},
    {"makes a branch of a commit that was lost", makes_a_branch_of_what_was_lost},
    {"makes a tag of it", tags_what_was_lost},
    {"drops a branch", drops_a_branch},
    {"merges", merges},
};

refs::CollectResult collect(Repository& repository,
                            const std::function<void(CollectStep)>& on_step) {
  repo::CareOptions care;
  care.collect.on_step = on_step;
  care.collect.lock_wait = std::chrono::seconds(30);
  return repo::care_for(state_of(repository), care).collected;
}

}  // namespace

TEST_CASE("whatever others do while a collection runs, in any of its steps, is kept") {
  for (const CollectStep step : {CollectStep::kPackLoose, CollectStep::kMark, CollectStep::kCopy,
                                 CollectStep::kFollow, CollectStep::kSwap}) {
    for (const Meanwhile& meanwhile : kMeanwhile) {
      INFO(meanwhile.name << " in step " << static_cast<int>(step));
      Scene scene;
      Repository other = Repository::open(scene.path());
      Check check;
      const refs::CollectResult result = collect(scene.repository, [&](CollectStep now) {
        if (now == step && !check) check = meanwhile.act(other, scene);
      });
      REQUIRE(check);
      CHECK(result.outcome == refs::CollectResult::Outcome::kDone);
      check_sound(scene.path());
      check(Repository::open(scene.path()));
      check(scene.repository);
      check(other);
    }
  }
}

TEST_CASE("an import that began before a collection and ends before its swap loses nothing") {
  for (const CollectStep step : {CollectStep::kCopy, CollectStep::kFollow, CollectStep::kSwap}) {
    Scene scene;
    Repository other = Repository::open(scene.path());
    ImportSession session(other);
    ImportSession::CommitInput input;
    // Its pack does not hold these: they were there.
    for (int i = 100; i < 120; ++i) {
      input.changes.push_back(
          {"imported/" + std::to_string(i), session.write_document(text(i), "text/plain")});
    }
    bool done = false;
    collect(scene.repository, [&](CollectStep now) {
      if (now != step || std::exchange(done, true)) return;
      const CommitId commit = session.commit(std::move(input));
      CHECK_FALSE(session.finish({{"heads/imported", commit}}, "import"));
    });
    REQUIRE(done);
    check_sound(scene.path());
    CHECK(Repository::open(scene.path()).snapshot("imported").get("imported/117") == text(117));
  }
}

TEST_CASE("a draft that is saved after a collection dropped nothing of it is saved") {
  Scene scene;
  scene.repository.begin_draft();
  Transaction draft = scene.repository.draft_transaction();
  draft.put("new", text(300));
  draft.put("kept/again", text(19));
  CHECK(Repository::open(scene.path()).collect().objects_dropped > 0);
  scene.repository.save_draft(draft);
  Transaction lost = scene.repository.draft_transaction();
  CHECK(lost.get("new") == text(300));
  check_sound(scene.path());
}

namespace {

constexpr int kMany = 4'000;

/// What a writer puts as its so manieth document: every second text was garbage once.
std::string nth_text(int n) {
  return n % 2 == 0 ? text(100 + n % 20) : text(n);
}

/// Four that commit without a pause and one that reads, until they are stopped.
class AtWork {
 public:
  static constexpr int kWriters = 4;
  /// Of each: where syncing takes no time, history would grow without end.
  static constexpr int kMost = 1'500;

  explicit AtWork(const Scene& scene) {
    for (int writer = 0; writer < kWriters; ++writer) {
      // Two share a handle with the collection, two are as other processes.
      start([this, &scene, writer] {
        write(writer, writer < 2 ? repo::Access::repository(repo::Access::state(scene.repository))
                                 : Repository::open(scene.path()));
      });
    }
    start([this, &scene] { read(Repository::open(scene.path())); });
  }
  ~AtWork() { stop(); }

  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  const std::vector<std::string>& failures() const { return failures_; }
  int written(int writer) const { return written_[writer]; }
  /// The slowest commit since the last call, of all of them.
  std::int64_t take_slowest() {
    std::int64_t slowest = 0;
    for (auto& one : slowest_) slowest = std::max<std::int64_t>(slowest, one.exchange(0));
    return slowest;
  }
  /// Returns when each has committed so many more, or will not.
  void wait_for(int commits) const {
    for (const auto& written : written_) {
      const int wanted = std::min(written + commits, kMost);
      while (written < wanted && !has_failed_) std::this_thread::yield();
    }
  }

 private:
  void start(const std::function<void()>& work) {
    threads_.emplace_back([this, work] {
      try {
        work();
      } catch (const std::exception& error) {
        fail(error.what());
      }
    });
  }
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(why);
    has_failed_ = true;
  }
  void write(int writer, Repository repository) {
    const std::string path = "writer/" + std::to_string(writer);
    while (!stop_ && written_[writer] < kMost) {
      const auto before = std::chrono::steady_clock::now();
      put(repository, path, nth_text(written_[writer] + 1));
      const auto took = std::chrono::steady_clock::now() - before;
      const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
      slowest_[writer] = std::max<std::int64_t>(slowest_[writer], micros);
      ++written_[writer];
    }
  }
  void read(const Repository& repository) {
    for (int i = 0; !stop_; i = (i + 37) % kMany) {
      const Snapshot many = repository.snapshot("many");
      if (many.get("many/" + std::to_string(i)) != text(10'000 + i)) fail("many");
      if (!repository.snapshot().get("kept/3")) fail("kept");
    }
  }

  std::atomic<bool> stop_ = false, has_failed_ = false;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::array<std::atomic<int>, kWriters> written_{};
  std::array<std::atomic<std::int64_t>, kWriters> slowest_{};
  std::vector<std::thread> threads_;
};

void import_many(Repository& repository) {
  ImportSession session(repository);
  ImportSession::CommitInput input;
  for (int i = 0; i < kMany; ++i) {
    input.changes.push_back(
        {"many/" + std::to_string(i), session.write_document(text(10'000 + i), "text/plain")});
  }
  const CommitId commit = session.commit(std::move(input));
  REQUIRE_FALSE(session.finish({{"heads/many", commit}}, "import"));
}

}  // namespace

TEST_CASE("a collection beside four writers and a reader ends, and nothing of theirs is lost") {
  Scene scene;
  import_many(scene.repository);
  AtWork work(scene);
  work.wait_for(50);
  const std::int64_t slowest_before = work.take_slowest();
  std::chrono::microseconds held{0};
  unsigned rounds = 0, put_off = 0;
  for (int round = 0; round < 4; ++round) {
    branch(scene.repository, "heads/gone");
    put(scene.repository, "gone", text(900 + round), "heads/gone");
    drop(scene.repository, "heads/gone");
    state_of(scene.repository).database->expire_reflog(INT64_MAX);
    const refs::CollectResult result = collect(scene.repository, {});
    CHECK(result.outcome == refs::CollectResult::Outcome::kDone);
    held = std::max(held, result.held);
    rounds += result.rounds;
    put_off += result.swaps_put_off;
  }
  const std::int64_t slowest = work.take_slowest();
  work.stop();
  for (const std::string& failure : work.failures()) FAIL_CHECK(failure);
  WARN("4 collections: the database was held for at most "
       << held.count() << " us, the slowest commit took " << slowest << " us (" << slowest_before
       << " us without a collection), " << rounds << " rounds, " << put_off << " swaps put off");
  const Repository after = Repository::open(scene.path());
  for (int writer = 0; writer < AtWork::kWriters; ++writer) {
    const int last = work.written(writer);
    CHECK(last > 0);
    CHECK(after.snapshot().get("writer/" + std::to_string(writer)) == nth_text(last));
  }
  check_sound(scene.path());
}

namespace {

/// Branches with the texts that were ever put on them, or merged into them.
using Model = std::map<std::string, std::set<std::string>>;

void do_something(Repository& repository, Model& model, std::mt19937& random, int step) {
  const auto some = std::next(model.begin(), static_cast<long>(random() % model.size()));
  const std::string name = some->first;
  const unsigned choice = random() % 10;
  if (choice < 6) {
    const std::string document = text(static_cast<int>(random() % 80));
    const std::string folder = "d/" + std::to_string(random() % 9) + "/";
    put(repository, folder + std::to_string(step), document, name);
    some->second.insert(document);
  } else if (choice < 8) {
    const std::string made = "heads/b" + std::to_string(step);
    REQUIRE(repository.move_ref(made, std::nullopt, repository.ref(name), "branch").done);
    model[made] = some->second;
  } else if (choice == 8 && name != "heads/main") {
    drop(repository, name);
    model.erase(some);
  } else if (repository.merge(name).kind != MergeOutcome::Kind::kUpToDate) {
    model["heads/main"].insert(some->second.begin(), some->second.end());
  }
}

void check_all_is_reachable(const Repository& repository) {
  std::set<Id> reachable, held;
  repo::Reachable(state_of(repository)).visit_all([&](const Id& id, ObjectType) {
    reachable.insert(id);
  });
  state_of(repository).store->for_each([&](const Id& id) { held.insert(id); });
  CHECK(held == reachable);
  CHECK(find_garbage(repository).objects == 0);
}

}  // namespace

TEST_CASE("random histories: a collection leaves exactly what is reachable") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    TemporaryFolder folder;
    Repository repository = Repository::init(folder / "r");
    Model model{{"heads/main", {}}};
    for (int step = 0; step < 60; ++step) {
      do_something(repository, model, random, step);
      if (random() % 15 == 0) repository.collect();
    }
    // Of each ref the newest move is remembered, with what it moved from: to where it is now.
    for (const RefInfo& ref : repository.refs()) {
      REQUIRE(repository.move_ref(ref.name, ref.target, ref.target, "again").done);
    }
    repository.collect({.expire_now = true});
    std::set<std::string> kept;
    for (const auto& [name, documents] : model) kept.insert(documents.begin(), documents.end());
    for (int i = 0; i < 80; ++i) CHECK(holds(repository, text(i)) == kept.contains(text(i)));
    check_all_is_reachable(repository);
    check_sound(folder / "r");
  }
}

namespace {

constexpr std::uint64_t kDay = 24ULL * 60 * 60 * 1000;

}  // namespace

TEST_CASE("moves are remembered for as long as the setting says, and of each ref the newest") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  RepositoryState& state = state_of(repository);
  const auto move = [&](const std::string& name, std::optional<Id> next, std::uint64_t days) {
    refs::WriteBatch one;
    one.moves.push_back({name, repository.ref(name), next, "moved"});
    one.at_millis = state.environment.now_millis() - days * kDay;
    REQUIRE_FALSE(state.database->write(one).lost);
  };
  const Id first = *repository.ref("heads/main");
  const Id second = put(repository, "a", "1");
  move("heads/old", first, 200);
  move("heads/old", second, 180);
  move("heads/old", first, 100);
  move("heads/gone", second, 95);
  move("heads/gone", std::nullopt, 91);
  move("heads/young", first, 89);
  move("heads/young", second, 10);
  CHECK(find_garbage(repository).moves == 4);
  CHECK(repository.collect().moves_forgotten == 4);
  CHECK(repository.reflog("heads/old").size() == 1);
  CHECK(repository.reflog("heads/old").front().after == first);
  CHECK(repository.reflog("heads/gone").empty());
  CHECK(repository.reflog("heads/young").size() == 2);
  CHECK(repository.ref("heads/old") == first);

  repository.set_setting("reflog.keep-days", "forever");
  move("heads/old", second, 1000);
  CHECK(repository.collect().moves_forgotten == 0);
  repository.set_setting("reflog.keep-days", "50");
  CHECK(repository.collect().moves_forgotten == 2);
  CHECK(repository.collect({.expire_now = true}).moves_forgotten > 0);
  for (const RefInfo& ref : repository.refs()) CHECK(repository.reflog(ref.name).size() == 1);
  check_sound(folder / "r");
}

TEST_CASE("what only a forgotten move led to is dropped, what a younger one leads to is kept") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "a", "1");
  branch(repository, "heads/b");
  const Id aged = put(repository, "aged", text(1), "heads/b");
  const Id young = *repository.ref("heads/main");
  REQUIRE(repository.move_ref("heads/b", aged, young, "reset").done);
  CHECK(repository.collect().objects_dropped == 0);
  CHECK(holds(repository, text(1)));
  CHECK(find_garbage(repository).objects == 0);
  CHECK(find_garbage(repository, {.expire_now = true}).objects == 0);
  // The newest move of heads/b came from there: it is kept, and so is what it names.
  repository.collect({.expire_now = true});
  CHECK(holds(repository, text(1)));
  put(repository, "c", "2", "heads/b");
  CHECK(find_garbage(repository).objects == 0);
  CHECK(find_garbage(repository, {.expire_now = true}).objects == 3);
  CHECK(repository.collect({.expire_now = true}).objects_dropped > 0);
  CHECK_FALSE(holds(repository, text(1)));
  check_sound(folder / "r");
}

namespace {

void care_in_background(Repository& repository) {
  RepositoryState& state = state_of(repository);
  const refs::LocalStore::PackingLimits all{.loose_objects = 0, .loose_bytes = 0};
  state.store->pack_in_background(all, [&] { repo::care_when_due(state); });
  while (state.store->background_is_busy()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a repository that grew is collected in the background, unless that is off") {
  Scene scene;
  RepositoryState& state = state_of(scene.repository);
  state.care_limits.growth_bytes = 1;
  state.care_limits.garbage_percent_min = 5;
  scene.repository.set_setting("gc.auto", "off");
  care_in_background(scene.repository);
  CHECK(holds(scene.repository, text(110)));
  scene.repository.set_setting("gc.auto", std::nullopt);
  put(scene.repository, "more", "1");
  care_in_background(scene.repository);
  CHECK_FALSE(holds(scene.repository, text(110)));
  const auto left = scene.repository.setting("gc.left");
  REQUIRE(left);
  // Little came since: it does not even look.
  state.care_limits.growth_bytes = 1 << 20;
  put(scene.repository, "more", "2");
  care_in_background(scene.repository);
  CHECK(scene.repository.setting("gc.left") == left);
  check_sound(scene.path());
}

TEST_CASE("where there is little garbage the background only looks, and not soon again") {
  Scene scene;
  RepositoryState& state = state_of(scene.repository);
  state.care_limits.growth_bytes = 1;
  state.care_limits.garbage_percent_min = 99;
  care_in_background(scene.repository);
  CHECK(holds(scene.repository, text(110)));
  CHECK(scene.repository.setting("gc.left"));
  unsigned steps = 0;
  state.care_limits.on_step = [&](CollectStep) { ++steps; };
  put(scene.repository, "more", "1");
  care_in_background(scene.repository);
  CHECK(steps == 0);
}

TEST_CASE("closing a repository does not wait for its collection") {
  Scene scene;
  std::atomic<bool> is_marking = false, was_swapped = false;
  {
    Repository closing = Repository::open(scene.path());
    RepositoryState& state = state_of(closing);
    state.care_limits.growth_bytes = 1;
    state.care_limits.garbage_percent_min = 1;
    state.care_limits.on_step = [&](CollectStep step) {
      if (step == CollectStep::kSwap) was_swapped = true;
      if (step != CollectStep::kMark) return;
      is_marking = true;
      // Until the handle is being closed.
      while (!state.store->background_is_stopping()) std::this_thread::yield();
    };
    put(closing, "more", "1");
    const refs::LocalStore::PackingLimits all{.loose_objects = 0, .loose_bytes = 0};
    state.store->pack_in_background(all, [&] { repo::care_when_due(state); });
    while (!is_marking) std::this_thread::yield();
  }
  CHECK_FALSE(was_swapped);
  CHECK(holds(scene.repository, text(110)));
  check_sound(scene.path());
}
