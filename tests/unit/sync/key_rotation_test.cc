#include <optional>
#include <thread>

#include "isodb/bundle.h"
#include "isodb/device_key.h"
#include "isodb/serve.h"
#include "repo/access.h"
#include "sync/key_succession.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using merge::Member;
using testing::error_code_of;
using testing::Pair;
using testing::put;

Member member_of(const Repository& repository, const PublicKey& key) {
  const std::string path = merge::member_path(key);
  const auto document = repository.snapshot().get(path);
  REQUIRE(document);
  return *merge::member_at(path, *document);
}

void write_member(Repository& repository, const Member& member) {
  put(repository, merge::member_path(member.key), merge::member_document(member));
}

void let_in_after(Repository& admin, const PublicKey& before, const PublicKey& after) {
  Member heir = member_of(admin, before);
  heir.key = after;
  heir.replaces = before;
  write_member(admin, heir);
}

void revoke(Repository& admin, const PublicKey& key) {
  Member member = member_of(admin, key);
  member.revoked = true;
  write_member(admin, member);
}

/// Why it may not write; nullopt: it did.
std::optional<ErrorCode> refusal_of(Repository& repository) {
  return error_code_of([&] {
    Transaction transaction = repository.begin();
    transaction.put("refused", "1");
    transaction.commit({});
  });
}

/// A copy of a device's folder, as somebody has it who took the device.
Repository stolen(const Repository& device, const fs::path& folder) {
  fs::copy(device.folder(), folder, fs::copy_options::recursive);
  return Repository::open(folder);
}

void meet(Repository& here, const Repository& there) {
  const SyncResult result = sync_with(here, remote_at(there.folder().string()));
  REQUIRE_FALSE(result.error);
}

TEST_CASE("a device that governs nothing waits for an admin, and loses nothing by its rotation") {
  Pair pair;
  const PublicKey old_key = pair.tablet->public_key();
  const Rotation first = rotate_key(*pair.tablet);
  CHECK(first.step == Rotation::Step::kWaiting);
  CHECK(rotate_key(*pair.tablet).after == first.after);
  let_in_after(pair.office, old_key, first.after);
  put(*pair.tablet, "before.json", "1");
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  const Rotation second = rotate_key(*pair.tablet);
  CHECK(second.step == Rotation::Step::kDone);
  CHECK_FALSE(second.is_revoked);
  CHECK(pair.tablet->public_key() == first.after);

  // The admin revokes the old key before anything that it signed last has come.
  revoke(pair.office, old_key);
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  CHECK(pair.are_equal());
  CHECK(pair.office.snapshot().get("before.json") == "1");
  put(*pair.tablet, "after.json", "2");
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  CHECK(pair.office.snapshot().get("after.json") == "2");
  CHECK(pair.office.verify({.again = true}).empty());
}

TEST_CASE("what a thief signs with a rotated key does not count, and what it signed before does") {
  Pair pair;
  put(*pair.tablet, "mine.json", "1");
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  Repository thief = stolen(*pair.tablet, pair.folder / "thief");
  put(thief, "a/1.json", R"({"n":666})");

  const Rotation first = rotate_key(*pair.tablet);
  let_in_after(pair.office, first.before, first.after);
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  REQUIRE(rotate_key(*pair.tablet).step == Rotation::Step::kDone);
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  revoke(pair.office, first.before);
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);

  meet(thief, pair.office);  // both ways, as a folder lets anybody
  CHECK(pair.office.snapshot().get("mine.json") == "1");
  CHECK(pair.office.snapshot().get("a/1.json") == R"({"n":1,"place":"loft"})");
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  CHECK(pair.tablet->snapshot().get("a/1.json") == R"({"n":1,"place":"loft"})");
  CHECK(refusal_of(thief) == ErrorCode::kDenied);
}

TEST_CASE("an admin's own rotation sets aside what its old key signs without knowing of it") {
  Pair pair;
  Repository thief = stolen(pair.office, pair.folder / "thief");
  const bool now = GENERATE(false, true);
  Rotation rotation = rotate_key(pair.office, {.now = now});
  if (!now) rotation = rotate_key(pair.office);
  REQUIRE(rotation.step == Rotation::Step::kDone);
  put(pair.office, "mine.json", "1");
  put(thief, "a/1.json", R"({"n":666})");
  Member helper{"helper", SecretKey::generate().public_key(), merge::Role::kAdmin};
  write_member(thief, helper);
  meet(thief, pair.office);
  CHECK(pair.office.snapshot().get("a/1.json") == R"({"n":1,"place":"loft"})");
  CHECK_FALSE(pair.office.snapshot().get(merge::member_path(helper.key)));
  put(pair.office, "more.json", "2");
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  CHECK(pair.tablet->snapshot().get("more.json") == "2");
  CHECK(pair.tablet->snapshot().get("a/1.json") == R"({"n":1,"place":"loft"})");
}

TEST_CASE("a device is known by its new key where members say that it came after the old one") {
  Pair pair;
  const PublicKey first_key = pair.office.public_key();
  const auto& tablet = repo::Access::state(*pair.tablet);
  const PublicKey stranger = SecretKey::generate().public_key();
  const PublicKey next = rotate_key(pair.office).after;
  CHECK_FALSE(has_succeeded(*tablet, first_key, next));  // it has not heard of it
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  CHECK(has_succeeded(*tablet, first_key, next));
  CHECK_FALSE(has_succeeded(*tablet, next, first_key));
  CHECK_FALSE(has_succeeded(*tablet, first_key, stranger));
  CHECK_FALSE(has_succeeded(*tablet, stranger, next));
  CHECK_FALSE(has_succeeded(*tablet, first_key, tablet->public_key()));

  rotate_key(pair.office);
  rotate_key(pair.office);
  const PublicKey third = rotate_key(pair.office).after;
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  CHECK(has_succeeded(*tablet, first_key, third));
  CHECK(has_succeeded(*tablet, next, third));
  CHECK_FALSE(has_succeeded(*tablet, first_key, next));  // revoked itself
}

TEST_CASE("a key is held on to until it is revoked, and the one that came after it is taken too") {
  Pair pair;
  const PublicKey old_key = pair.tablet->public_key();
  const PublicKey next = rotate_key(*pair.tablet).after;
  let_in_after(pair.office, old_key, next);
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  REQUIRE(rotate_key(*pair.tablet).step == Rotation::Step::kDone);
  Repository renewed = Repository::open(pair.folder / "tablet");
  REQUIRE(renewed.public_key() == next);
  ServeOptions options;
  options.listen = {"127.0.0.1:0"};
  Server server(renewed, options);
  std::thread serving([&] { server.run(); });
  Remote remote = remote_at("isodb://" + server.addresses().front());
  remote.name = "tablet";
  remote.key = old_key;
  set_remote(pair.office, remote);
  const auto known_after_sync = [&] {
    const SyncResult result = sync_with(pair.office, *find_remote(pair.office, "tablet"));
    CHECK_FALSE(result.error);
    CHECK(result.peer == next);
    return find_remote(pair.office, "tablet")->key;
  };
  CHECK(known_after_sync() == old_key);
  revoke(pair.office, old_key);
  CHECK(known_after_sync() == next);
  server.stop();
  serving.join();
}

TEST_CASE("documents that replace each other for ever make nobody known") {
  Pair pair;
  Member a{"a", SecretKey::generate().public_key(), merge::Role::kReader};
  Member b{"b", SecretKey::generate().public_key(), merge::Role::kReader};
  a.replaces = b.key;
  b.replaces = a.key;
  write_member(pair.office, a);
  write_member(pair.office, b);
  const auto& office = repo::Access::state(pair.office);
  CHECK(has_succeeded(*office, a.key, b.key));
  CHECK_FALSE(has_succeeded(*office, SecretKey::generate().public_key(), b.key));
}

TEST_CASE("a clone's key can be under a passphrase from its first moment") {
  Pair pair;
  SyncOptions options;
  options.protect = true;
  options.passphrase = [] { return Passphrase("one"); };
  const fs::path folder = pair.folder / "third";
  REQUIRE_FALSE(clone(remote_at(pair.office.folder().string()), folder, options).error);
  Repository third = Repository::open(folder);
  CHECK(device_key(third).is_protected);
  CHECK(refusal_of(third) == ErrorCode::kDenied);
  CHECK(error_code_of([&] { create_bundle(third, pair.folder / "bundle", {}); }) ==
        ErrorCode::kDenied);
  CHECK_FALSE(fs::exists(pair.folder / "bundle"));
  meet(third, pair.office);  // a folder asks for no proof
}

}  // namespace
}  // namespace isodb::sync
