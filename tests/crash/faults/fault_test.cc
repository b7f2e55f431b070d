// Everything that writes, stopped at every call by which it changes the disk: by a power cut, in
// several of the states that it may leave, and by calls that fail. Each time all that was
// acknowledged is there, nothing is half there, every byte and signature holds, and what was
// interrupted can be done again.

#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <optional>

#include "isodb/backup.h"
#include "isodb/bundle.h"
#include "isodb/device_key.h"
#include "isodb/erase.h"
#include "isodb/import_session.h"
#include "isodb/mend.h"
#include "isodb/recover.h"
#include "isodb/sync.h"
#include "merge/members.h"
#include "repo/access.h"
#include "repo/care.h"
#include "repo/key_file.h"
#include "repo/key_protection.h"
#include "tests/crash/faults/crash_state.h"
#include "tests/support/byte_search.h"
#include "tests/support/damage.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

namespace fs = std::filesystem;

/// Told a number each time that something is promised to be durable.
using Acknowledge = std::function<void(std::uint64_t)>;

struct Work {
  /// Does it, in a folder that holds the repository "one".
  std::function<void(const fs::path& folder, const Acknowledge&)> run;
  /// Sees what has to be there when this number was acknowledged, and nothing beyond the next.
  std::function<void(const fs::path& folder, std::uint64_t acknowledged)> check;
};

void commit(Repository& repository, const std::map<std::string, std::string>& documents,
            const std::string& branch = {}) {
  Transaction transaction = repository.begin(branch);
  for (const auto& [path, text] : documents) transaction.put(path, text);
  const auto done = transaction.commit({});
  REQUIRE(std::holds_alternative<CommitId>(done));
}

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i * 7'919) + "\n";
  return text;
}

/// The repository that each work begins with: packed and loose objects, two branches, a clone that
/// has gone on and a bundle of it, outside of what is watched.
class Scene {
 public:
  Scene() : other(folder_ / "other"), bundle(folder_ / "bundle") {
    fs::create_directories(before());
    Repository one = Repository::init(before() / "one");
    commit(one, {{"a.json", R"({"n":1,"name":"Berta"})"}, {"list", numbers(20'000)}});
    one.collect();
    REQUIRE(one.move_ref("heads/side", std::nullopt, one.ref("heads/main"), "branch").done);
    commit(one, {{"side.json", R"({"side":1})"}, {"a.json", R"({"n":1,"name":"Berta","of":2})"}},
           "heads/side");
    commit(one, {{"a.json", R"({"n":2,"name":"Berta"})"}, {"b.json", "[1,2]"}});
    REQUIRE_FALSE(sync::clone(sync::remote_at(one.folder().string()), other).error);
    // Another clone of the same device: it may write.
    Repository theirs = Repository::open(other);
    fs::copy_file(before() / "one/keys/device.key", other / "keys/device.key",
                  fs::copy_options::overwrite_existing);
    theirs = Repository::open(other);
    commit(theirs, {{"theirs/1.json", R"({"from":"there"})"}, {"theirs/2", numbers(9'000)}});
    commit(theirs, {{"theirs/1.json", R"({"from":"there","again":true})"}});
    sync::create_bundle(theirs, bundle, {});
  }

  fs::path before() const { return folder_ / "before"; }
  /// As it was before the work, in a folder of its own.
  fs::path fresh() const {
    const fs::path work = folder_ / "work";
    fs::remove_all(work);
    fs::copy(before(), work, fs::copy_options::recursive);
    return work;
  }
  fs::path after_cut() const { return folder_ / "after"; }

 private:
  const TemporaryFolder folder_;

 public:
  const fs::path other, bundle;
};

std::uint64_t number_at(const Repository& repository, const std::string& path) {
  const std::optional<Bytes> text = repository.snapshot().get(path);
  return text ? std::stoull(*text) : 0;
}

void check_sound(const Repository& repository) {
  CHECK(repository.snapshot("heads/main").get("b.json") == "[1,2]");
  CHECK(repository.snapshot("heads/side").get("side.json") == R"({"side":1})");
  for (const Finding& finding : repository.fsck()) {
    FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
  }
  for (const Finding& finding : repository.verify()) {
    FAIL_CHECK("verify: " << finding.where << ": " << finding.problem);
  }
}

void check_first(const Work& work, const fs::path& folder, std::uint64_t acknowledged) {
  check_sound(Repository::open(folder / "one"));
  work.check(folder, acknowledged);
}

/// What was interrupted is done again, and is whole then.
void check_again(const Work& work, const fs::path& folder) {
  std::uint64_t last = 0;
  work.run(folder, [&](std::uint64_t number) { last = number; });
  check_first(work, folder, last);
}

std::uint64_t cut_power_everywhere(const Scene& scene, const Work& work) {
  const fs::path folder = scene.fresh();
  std::vector<DiskCall> calls;
  {
    WatchedCalls watched(folder);
    work.run(folder, [&](std::uint64_t number) { watched.acknowledge(number); });
    calls = watched.calls();
  }
  CrashStates states(scene.before());
  std::mt19937_64 random(calls.size());
  using Kept = CrashStates::Kept;
  std::uint64_t cuts = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    states.follow(calls[i]);
    for (const Kept kept : {Kept::kNothing, Kept::kSome, Kept::kSome, Kept::kAll}) {
      INFO("the power is cut after call " << i << " of " << calls.size()
                                          << ", kept: " << static_cast<int>(kept));
      states.write(scene.after_cut(), kept, random);
      check_first(work, scene.after_cut(), states.acknowledged());
      if (kept != Kept::kAll) check_again(work, scene.after_cut());
      ++cuts;
    }
  }
  return cuts;
}

/// False when there is no call of this number any more.
bool fail_at(const Scene& scene, const Work& work, const CallFault& fault) {
  const fs::path folder = scene.fresh();
  std::vector<DiskCall> calls;
  std::uint64_t acknowledged = 0;
  bool has_failed = false;
  {
    WatchedCalls watched(folder, fault);
    try {
      work.run(folder, [&](std::uint64_t number) {
        acknowledged = number;
        watched.acknowledge(number);
      });
    } catch (const Error& error) {
      CHECK_FALSE(std::string(error.what()).empty());
    }
    calls = watched.calls();
    has_failed = watched.has_failed();
  }
  if (!has_failed) return false;
  INFO("call " << fault.at << (fault.for_ever ? " and all after it fail: " : " fails: ")
               << fault.error_number);
  check_first(work, folder, acknowledged);
  check_again(work, folder);
  // What could not be synced is lost when the power goes, too.
  CrashStates states(scene.before());
  for (const DiskCall& call : calls) states.follow(call);
  std::mt19937_64 random;
  states.write(scene.after_cut(), CrashStates::Kept::kNothing, random);
  check_first(work, scene.after_cut(), states.acknowledged());
  return true;
}

std::uint64_t fail_everywhere(const Scene& scene, const Work& work) {
  std::uint64_t faults = 0;
  for (const bool for_ever : {true, false}) {
    for (std::uint64_t at = 0;; ++at, ++faults) {
      const int error_number = (at + (for_ever ? 1 : 0)) % 2 == 0 ? EIO : ENOSPC;
      if (!fail_at(scene, work, {at, error_number, for_ever})) break;
    }
  }
  return faults;
}

void stop_everywhere(const Scene& scene, const Work& work) {
  const std::uint64_t cuts = cut_power_everywhere(scene, work);
  const std::uint64_t faults = fail_everywhere(scene, work);
  WARN(cuts << " power cuts, " << faults << " calls that failed");
  CHECK(cuts > 20);
  CHECK(faults > 10);
}

}  // namespace

TEST_CASE("stopped at any call on the disk: commits") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    const std::uint64_t before = number_at(one, "count");
    acknowledge(before);
    for (std::uint64_t n = before + 1; n <= 3; ++n) {
      commit(one, {{"count", std::to_string(n)}, {"same", std::to_string(n)}});
      acknowledge(n);
    }
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    const std::uint64_t count = number_at(one, "count");
    CHECK(count >= acknowledged);
    CHECK(count <= acknowledged + 1);
    CHECK(number_at(one, "same") == count);
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a draft over several programs") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    if (number_at(one, "draft") == 2) return acknowledge(2);
    if (!one.draft()) one.begin_draft();
    for (const char* text : {"1", "2"}) {
      Transaction transaction = one.draft_transaction();
      transaction.put("draft", text);
      transaction.put("large", numbers(9'000));
      one.save_draft(transaction);
    }
    acknowledge(1);
    const auto done = one.commit_draft({});
    REQUIRE(std::holds_alternative<CommitId>(done));
    acknowledge(2);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    Repository one = Repository::open(folder / "one");
    const std::uint64_t count = number_at(one, "draft");
    CHECK((count == 0 || count == 2));
    if (acknowledged == 2) CHECK(count == 2);
    if (acknowledged == 1 && count == 0) CHECK(one.draft_transaction().get("draft") == "2");
    if (count == 2) CHECK(one.snapshot().get("large") == numbers(9'000));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: an import") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    if (one.ref("heads/imported")) return acknowledge(1);
    ImportSession session(one);
    ImportSession::CommitInput input;
    input.parents = {one.id()};
    for (int i = 0; i < 500; ++i) {
      input.changes.push_back(
          {"imported/" + std::to_string(i), session.write_document(numbers(i % 30), "text/plain")});
    }
    const CommitId commit = session.commit(std::move(input));
    const auto lost = session.finish({{"heads/imported", commit}}, "import");
    REQUIRE_FALSE(lost);
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    if (acknowledged == 1) REQUIRE(one.ref("heads/imported"));
    if (!one.ref("heads/imported")) return;
    CHECK(one.snapshot("heads/imported").count("imported/") == 500);
    CHECK(one.snapshot("heads/imported").get("imported/29") == numbers(29));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a merge, a tag and a setting") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    one.merge("heads/side");
    acknowledge(1);
    if (!one.ref("tags/merged")) one.create_tag("merged", *one.ref("heads/side"), "done");
    acknowledge(2);
    one.set_setting("ui.pager", "cat");
    acknowledge(3);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    const bool merged = one.snapshot().get("side.json").has_value();
    const std::optional<Bytes> both = one.snapshot().get("a.json");
    CHECK(both == (merged ? R"({"n":2,"name":"Berta","of":2})" : R"({"n":2,"name":"Berta"})"));
    if (acknowledged >= 1) CHECK(merged);
    if (acknowledged >= 2) CHECK(one.ref("tags/merged"));
    if (acknowledged >= 3) CHECK(one.setting("ui.pager") == "cat");
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: what a sync brings") {
  const Scene scene;
  const auto run = [&](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    const auto result = sync::sync_with(one, sync::remote_at(scene.other.string()));
    if (result.error) throw *result.error;
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Snapshot head = Repository::open(folder / "one").snapshot();
    if (acknowledged == 1) REQUIRE(head.get("theirs/1.json"));
    if (!head.get("theirs/1.json")) return;
    CHECK(head.get("theirs/1.json") == R"({"from":"there","again":true})");
    CHECK(head.get("theirs/2") == numbers(9'000));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a bundle is applied, and one is made") {
  const Scene scene;
  const auto run = [&](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    sync::apply_bundle(one, scene.bundle, {});
    acknowledge(1);
    sync::create_bundle(one, folder / "made.bundle", {});
    acknowledge(2);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Snapshot head = Repository::open(folder / "one").snapshot();
    if (acknowledged >= 1) CHECK(head.get("theirs/2") == numbers(9'000));
    if (acknowledged == 2) CHECK(sync::verify_bundle(folder / "made.bundle").commits == 6U);
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: packing and a collection") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    const refs::LocalStore::PackingLimits all{.loose_objects = 0, .loose_bytes = 0};
    repo::Access::state(one)->store->pack_when_due(all);
    commit(one, {{"count", std::to_string(number_at(one, "count") + 1)}});
    repo::Access::state(one)->store->pack_when_due(all);
    if (one.ref("heads/gone")) one.move_ref("heads/gone", one.ref("heads/gone"), {}, "delete");
    one.collect();
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    CHECK(number_at(one, "count") >= acknowledged);
    CHECK(one.snapshot().get("list") == numbers(20'000));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a collection, and who writes beside it") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    Repository other = Repository::open(folder / "one");
    std::uint64_t count = number_at(one, "count");
    acknowledge(count);
    // What is garbage, and is needed again while it is dropped.
    const std::string document = numbers(3'000);
    if (!one.ref("heads/gone")) one.move_ref("heads/gone", {}, one.ref("heads/main"), "branch");
    const std::string path = "gone/" + std::to_string(count);
    if (!one.snapshot("heads/gone").get(path)) {
      commit(one, {{"gone", document}, {path, "x"}}, "heads/gone");
    }
    one.move_ref("heads/gone", one.ref("heads/gone"), {}, "delete");
    repo::CareOptions care;
    care.forget_before = INT64_MAX;
    care.collect.on_step = [&](refs::CollectStep step) {
      const bool commits = step == refs::CollectStep::kCopy || step == refs::CollectStep::kSwap;
      if (!commits) return;
      const std::string next = std::to_string(count + 1);
      commit(other, {{"count", next}, {"same", next}, {"again/" + next, document}});
      acknowledge(++count);
    };
    repo::care_for(*repo::Access::state(one), care);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    const std::uint64_t count = number_at(one, "count");
    CHECK(count >= acknowledged);
    CHECK(count <= acknowledged + 1);
    CHECK(number_at(one, "same") == count);
    for (std::uint64_t n = 1; n <= count; ++n) {
      CHECK(one.snapshot().get("again/" + std::to_string(n)) == numbers(3'000));
    }
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a backup and its restoring") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    const Repository one = Repository::open(folder / "one");
    if (!fs::exists(folder / "file.backup")) back_up(one, folder / "file.backup");
    acknowledge(1);
    if (!fs::exists(folder / "back/repo.db")) restore(folder / "file.backup", folder / "back");
    acknowledge(2);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    if (acknowledged == 1) {
      restore(folder / "file.backup", folder / "again");
      check_sound(Repository::open(folder / "again"));
      fs::remove_all(folder / "again");
    }
    if (acknowledged == 2) REQUIRE(fs::exists(folder / "back/repo.db"));
    if (fs::exists(folder / "back/repo.db")) check_sound(Repository::open(folder / "back"));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a new repository") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    if (!fs::exists(folder / "new/repo.db")) Repository::init(folder / "new");
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    if (acknowledged == 1) REQUIRE(fs::exists(folder / "new/repo.db"));
    if (!fs::exists(folder / "new/repo.db")) return;
    const Repository made = Repository::open(folder / "new");
    CHECK(made.fsck().empty());
    CHECK(made.verify().empty());
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: erasing") {
  const Scene scene;
  const std::string secret = "secret-" + numbers(3'000);
  const auto run = [&](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    const auto erased = [&] {
      return error_code_of([&] { one.snapshot().get("secret"); }) == ErrorCode::kErased;
    };
    if (!erased()) {
      if (!one.snapshot().entry("secret")) commit(one, {{"secret", secret}});
      acknowledge(1);
      erase(one, {.path = "secret", .reason = "because"});
    }
    remove_erased(one);
    acknowledge(2);
  };
  const auto check = [&](const fs::path& folder, std::uint64_t acknowledged) {
    // Whoever opens it to write goes on with what was begun.
    const Repository one = Repository::open(folder / "one");
    const auto code = error_code_of([&] { one.snapshot().get("secret"); });
    if (acknowledged == 2) CHECK(code == ErrorCode::kErased);
    if (code) CHECK(code == ErrorCode::kErased);
    if (acknowledged < 2) return;
    CHECK(where_found(folder / "one", secret.substr(0, 64)) == std::vector<std::string>{});
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a clone") {
  const Scene scene;
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    if (fs::exists(folder / "clone/repo.db") &&
        !sync::unfinished_clone(Repository::open(folder / "clone"))) {
      return acknowledge(1);
    }
    const auto result = sync::clone(sync::remote_at((folder / "one").string()), folder / "clone");
    if (result.error) throw *result.error;
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    if (acknowledged == 1) check_sound(Repository::open(folder / "clone"));
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a key is put under a passphrase, and under another") {
  const Scene scene;
  const auto ask = [] { return Passphrase("one"); };
  const auto run = [&](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one", {.passphrase = ask});
    for (const std::uint64_t number : {1, 2}) {
      repo::protect_key(*repo::Access::state(one), ask(), {1, 8});
      acknowledge(number);
    }
  };
  const auto check = [&](const fs::path& folder, std::uint64_t acknowledged) {
    const fs::path path = folder / "one/keys/device.key";
    const repo::KeyFile key = repo::KeyFile::read(core::posix_file_system(), path);
    CHECK(key.open(ask).public_key() == Repository::open(folder / "one").public_key());
    if (acknowledged == 0) return;
    CHECK(key.is_protected());
    const auto in_folder = fs::directory_iterator(path.parent_path());
    if (acknowledged == 2) CHECK(std::distance(begin(in_folder), end(in_folder)) == 2);
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a key gives way to the next") {
  const Scene scene;
  const auto is_valid = [](const Repository& repository, const std::optional<PublicKey>& key) {
    if (!key) return false;
    const std::string path = merge::member_path(*key);
    const std::optional<Bytes> document = repository.snapshot().get(path);
    const auto member = document ? merge::member_at(path, *document) : std::nullopt;
    return member && !member->revoked && member->role == merge::Role::kAdmin;
  };
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository one = Repository::open(folder / "one");
    while (rotate_key(one).step != Rotation::Step::kDone) {
    }
    commit(one, {{"by", one.public_key().text()}});
    acknowledge(1);
  };
  const auto check = [&](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository one = Repository::open(folder / "one");
    const DeviceKey device = device_key(one);
    CHECK((is_valid(one, device.key) || is_valid(one, device.next)));
    if (acknowledged == 0) return;
    CHECK(one.snapshot().get("by") == device.key.text());
    CHECK_FALSE(device.next);
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: mending from another repository") {
  const Scene scene;
  const fs::path before = scene.before();
  fs::copy(before / "one", before / "hurt", fs::copy_options::recursive);
  Id packed, loose;
  {
    const Repository one = Repository::open(before / "one");
    packed = one.snapshot().entry("list")->content;
    loose = one.snapshot().entry("b.json")->content;
  }
  REQUIRE(damage_object(before / "hurt", packed) == 1);
  REQUIRE(damage_object(before / "hurt", loose) == 1);
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    Repository hurt = Repository::open(folder / "hurt");
    const auto report = sync::mend_from(hurt, sync::remote_at((folder / "one").string()));
    if (report.error) throw *report.error;
    CHECK(report.remaining.empty());
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    const Repository hurt = Repository::open(folder / "hurt");
    if (acknowledged == 1) return check_sound(hurt);
    CHECK(hurt.snapshot("heads/side").get("side.json") == R"({"side":1})");
    CHECK(hurt.snapshot().get("a.json") == R"({"n":2,"name":"Berta"})");
  };
  stop_everywhere(scene, {run, check});
}

TEST_CASE("stopped at any call on the disk: a recovery of the database") {
  const Scene scene;
  const fs::path before = scene.before();
  fs::copy(before / "one", before / "lost", fs::copy_options::recursive);
  const auto run = [](const fs::path& folder, const Acknowledge& acknowledge) {
    recover(folder / "lost", {.force = true});
    acknowledge(1);
  };
  const auto check = [](const fs::path& folder, std::uint64_t acknowledged) {
    if (acknowledged == 0 && !fs::exists(folder / "lost/repo.db")) return;
    check_sound(Repository::open(folder / "lost"));
  };
  stop_everywhere(scene, {run, check});
}
