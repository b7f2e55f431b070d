#include "isodb/device_key.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "core/protected_key.h"
#include "isodb/backup.h"
#include "merge/members.h"
#include "repo/access.h"
#include "repo/key_file.h"
#include "repo/key_protection.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::slurp;
using isodb::testing::spill;
using isodb::testing::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

constexpr core::KeyCost kCheap{1, 8};

/// A repository, and a person who knows a passphrase and counts how often it is asked for.
struct Fixture {
  const TemporaryFolder folder;
  const fs::path place = folder / "r", key_path = place / "keys/device.key";
  int asked = 0;

  OpenOptions knowing(const std::string& passphrase) {
    return {.passphrase = [this, passphrase] {
      ++asked;
      return Passphrase(passphrase);
    }};
  }
  Repository open(const std::string& passphrase) {
    return Repository::open(place, knowing(passphrase));
  }
  static void protect(Repository& repository, const std::string& passphrase) {
    repo::protect_key(*repo::Access::state(repository), Passphrase(passphrase), kCheap);
  }
  static void commit(Repository& repository, const std::string& text) {
    Transaction transaction = repository.begin();
    transaction.put("a", text);
    const auto done = transaction.commit({});
    REQUIRE(std::holds_alternative<CommitId>(done));
  }
  static std::optional<ErrorCode> refusal(Repository& repository) {
    return error_code_of([&] { commit(repository, "refused"); });
  }
  static std::optional<merge::Member> member(const Repository& repository, const PublicKey& key) {
    const std::string path = merge::member_path(key);
    const auto document = repository.snapshot().get(path);
    return document ? merge::member_at(path, *document) : std::nullopt;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a key is under a passphrase on disk, and out of it again") {
  Repository repository = Repository::init(place);
  const std::string plain = slurp(key_path);
  protect(repository, "one");
  CHECK(slurp(key_path).starts_with("isodb-secret-key ed25519 argon2id 1 8 "));
  CHECK(slurp(key_path).find(plain.substr(25, 64)) == std::string::npos);
  struct stat status {};
  REQUIRE(::stat(key_path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(device_key(repository).is_protected);

  Repository one = open("one");
  protect(one, "two");
  CHECK(error_code_of([&] { unprotect_key(one); }) == ErrorCode::kDenied);
  Repository two = open("two");
  unprotect_key(two);
  CHECK(slurp(key_path) == plain);
  CHECK_FALSE(device_key(two).is_protected);
}

TEST_CASE_METHOD(Fixture,
                 "who reads is not asked for the passphrase, and who writes is asked once") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
  }
  Repository repository = open("one");
  CHECK(repository.public_key() == device_key(repository).key);
  CHECK(repository.snapshot().count() == 2);
  CHECK(repository.fsck().empty());
  CHECK(repository.verify().empty());
  CHECK(repository.move_ref("heads/side", {}, repository.ref("heads/main"), "branch").done);
  repository.set_setting("ui.pager", "cat");
  repository.collect();
  back_up(repository, folder / "file");
  CHECK(asked == 0);
  commit(repository, "1");
  commit(repository, "2");
  repository.create_tag("t", *repository.ref("heads/main"), "m");
  CHECK(asked == 1);
  CHECK(repository.verify({.again = true}).empty());
}

TEST_CASE_METHOD(Fixture, "threads that commit at once ask for one passphrase") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
  }
  Repository repository = open("one");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&repository, i] {
      Transaction transaction = repository.begin();
      transaction.put("by/" + std::to_string(i), "x");
      transaction.commit({});
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(asked == 1);
  CHECK(repository.snapshot().count("by/") == 4);
}

TEST_CASE_METHOD(Fixture, "without the passphrase nothing is signed, and with it all goes on") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
  }
  Repository nobody = Repository::open(place);
  CHECK(refusal(nobody) == ErrorCode::kDenied);
  Repository wrong = open("two");
  CHECK(refusal(wrong) == ErrorCode::kDenied);
  CHECK(refusal(wrong) == ErrorCode::kDenied);
  CHECK(asked == 2);  // it was never right
  Repository right = open("one");
  commit(right, "1");
}

TEST_CASE_METHOD(Fixture, "a key can be under a passphrase from its first moment") {
  InitOptions options{.protect = true, .passphrase = knowing("one").passphrase};
  {
    Repository repository = Repository::init(place, options);
    commit(repository, "1");
  }
  CHECK(asked == 1);
  CHECK(slurp(key_path).starts_with("isodb-secret-key ed25519 argon2id 3 65536 "));
  for (const fs::directory_entry& entry : fs::directory_iterator(key_path.parent_path())) {
    CHECK(entry.path() == key_path);
  }
  options.passphrase = {};
  CHECK(error_code_of([&] { Repository::init(folder / "s", options); }) == ErrorCode::kInvalid);
  CHECK_FALSE(fs::exists(folder / "s"));
}

TEST_CASE_METHOD(Fixture, "a copied key stays under its passphrase, and so does one in a backup") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
    back_up(repository, folder / "file");
  }
  const std::string text = slurp(key_path);
  Repository other = Repository::init(
      folder / "s", {.key_file = key_path, .passphrase = knowing("one").passphrase});
  CHECK(asked == 1);
  CHECK(slurp(folder / "s/keys/device.key") == text);
  restore(folder / "file", folder / "back");
  CHECK(asked == 1);
  CHECK(slurp(folder / "back/keys/device.key") == text);
  Repository back = Repository::open(folder / "back", knowing("one"));
  commit(back, "1");
}

TEST_CASE_METHOD(Fixture, "a damaged key is told from a wrong passphrase") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
  }
  std::string text = slurp(key_path);
  text[text.size() / 2] ^= 1;
  spill(key_path, text);
  Repository repository = open("one");
  CHECK(refusal(repository) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { device_key(repository); }) == ErrorCode::kCorrupt);
  CHECK(asked == 0);
}

TEST_CASE_METHOD(Fixture, "what a crash left of a plain key goes when the key is changed next") {
  Repository repository = Repository::init(place);
  spill(key_path.string() + ".tmp-1234", slurp(key_path));
  protect(repository, "one");
  CHECK_FALSE(fs::exists(key_path.string() + ".tmp-1234"));
}

TEST_CASE_METHOD(Fixture, "one program at a time changes a key") {
  Repository repository = Repository::init(place);
  core::FileSystem& files = core::posix_file_system();
  auto lock = core::try_lock_file(files, place / "keys/lock");
  REQUIRE(lock);
  CHECK(error_code_of([&] { rotate_key(repository); }) == ErrorCode::kBusy);
  CHECK(error_code_of([&] { protect(repository, "one"); }) == ErrorCode::kBusy);
  lock.reset();
  protect(repository, "one");
}

TEST_CASE_METHOD(Fixture, "an admin's key lets its successor in, and then gives way to it") {
  Repository repository = Repository::init(place, {.name = "office"});
  const WriterId writer = repository.writer();
  commit(repository, "1");
  const Rotation first = rotate_key(repository);
  CHECK(first.step == Rotation::Step::kLetIn);
  CHECK(repository.public_key() == first.before);
  CHECK(device_key(repository).next == first.after);
  commit(repository, "2");
  const Rotation second = rotate_key(repository);
  CHECK(second.step == Rotation::Step::kDone);
  CHECK(second.is_revoked);
  CHECK(second.before == first.before);
  CHECK(second.after == first.after);
  CHECK(repository.public_key() == first.after);
  commit(repository, "3");

  const auto heir = member(repository, first.after);
  REQUIRE(heir);
  CHECK(heir->name == "office");
  CHECK(heir->role == merge::Role::kAdmin);
  CHECK(heir->replaces == first.before);
  CHECK(member(repository, first.before)->revoked);
  CHECK(repository.commit(repository.resolve_commit("@")).author == first.after);
  CHECK(repository.commit(repository.resolve_commit("@~1")).author == first.before);
  CHECK(Repository::open(place).writer() == writer);
  CHECK(repository.verify({.again = true}).empty());
  CHECK_FALSE(device_key(repository).next);
}

TEST_CASE_METHOD(Fixture, "a rotation without waiting is one commit") {
  Repository repository = Repository::init(place);
  const CommitId before = repository.resolve_commit("@");
  const Rotation done = rotate_key(repository, {.now = true});
  CHECK(done.step == Rotation::Step::kDone);
  CHECK(repository.commit(repository.resolve_commit("@")).parents == std::vector{before});
  CHECK(member(repository, done.before)->revoked);
  commit(repository, "1");
  CHECK(repository.verify({.again = true}).empty());
}

TEST_CASE_METHOD(Fixture,
                 "a handle that was open before a rotation is refused, and one anew is not") {
  Repository repository = Repository::init(place);
  Repository older = Repository::open(place);
  commit(older, "1");
  rotate_key(repository, {.now = true});
  CHECK(refusal(older) == ErrorCode::kDenied);
  Repository newer = Repository::open(place);
  commit(newer, "2");
}

TEST_CASE_METHOD(Fixture, "a key under a passphrase is followed by one under the same") {
  {
    Repository repository = Repository::init(place);
    protect(repository, "one");
  }
  {
    Repository wrong = open("two");
    CHECK(error_code_of([&] { rotate_key(wrong); }) == ErrorCode::kDenied);
    CHECK_FALSE(device_key(wrong).next);
  }
  asked = 0;
  Repository repository = open("one");
  rotate_key(repository);
  CHECK(asked == 1);
  CHECK(slurp(key_path.string() + ".next").starts_with("isodb-secret-key ed25519 argon2id "));
  CHECK(error_code_of([&] { protect(repository, "two"); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { unprotect_key(repository); }) == ErrorCode::kInvalid);
  rotate_key(repository);
  CHECK(device_key(repository).is_protected);
  Repository again = open("one");
  commit(again, "1");
}

TEST_CASE_METHOD(Fixture, "a rotation that was interrupted before its last step goes on with it") {
  Repository repository = Repository::init(place);
  rotate_key(repository);
  const std::string old_key = slurp(key_path), new_key = slurp(key_path.string() + ".next");
  const Rotation done = rotate_key(repository);
  const CommitId head = repository.resolve_commit("@");
  // As a crash between the commit and the renaming leaves it.
  spill(key_path, old_key);
  spill(key_path.string() + ".next", new_key);
  Repository after = Repository::open(place);
  CHECK(refusal(after) == ErrorCode::kDenied);
  const Rotation again = rotate_key(after);
  CHECK(again.step == Rotation::Step::kDone);
  CHECK(again.is_revoked);
  CHECK(again.after == done.after);
  CHECK(after.resolve_commit("@") == head);
  commit(after, "1");
}

TEST_CASE_METHOD(Fixture, "a next key that was revoked meanwhile is replaced by another one") {
  Repository repository = Repository::init(place);
  const Rotation first = rotate_key(repository);
  merge::Member heir = *member(repository, first.after);
  heir.revoked = true;
  Transaction transaction = repository.begin();
  transaction.put(merge::member_path(heir.key), merge::member_document(heir));
  transaction.commit({});
  const Rotation second = rotate_key(repository);
  CHECK(second.step == Rotation::Step::kLetIn);
  CHECK(second.after != first.after);
}

TEST_CASE("what a key replaces is no right: it is read where it can be, and left out of merges") {
  const PublicKey old_key = SecretKey::generate().public_key();
  merge::Member heir{"a", SecretKey::generate().public_key(), merge::Role::kWriter};
  heir.replaces = old_key;
  const Bytes document = merge::member_document(heir);
  CHECK(merge::parse_member(document).replaces == old_key);
  CHECK_FALSE(merge::merge_members({heir, heir}).replaces);
  for (const char* other : {"1", "\"x\"", "null", "[]"}) {
    Bytes odd = document;
    const std::string text = "\"" + old_key.text() + "\"";
    odd.replace(odd.find(text), text.size(), other);
    CHECK_FALSE(merge::parse_member(odd).replaces);
    CHECK(merge::parse_member(odd).key == heir.key);
  }
}
