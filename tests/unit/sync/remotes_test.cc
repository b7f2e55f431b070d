#include "isodb/remote.h"
#include "isodb/sync.h"
#include "repo/access.h"
#include "sync/place.h"
#include "sync/refused.h"
#include "tests/support/testing.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::error_code_of;
using testing::TemporaryFolder;

Remote remote(const std::string& name, const std::string& url) {
  Remote result;
  result.name = name;
  result.url = url;
  return result;
}

TEST_CASE("a remote is kept with its key and labels, and found by name and by URL") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Remote hub = remote("hub", "isodb://hub.example:9000");
  hub.key = repository.public_key();
  hub.labels = {{"site", "office"}, {"rack", "b=2"}};
  set_remote(repository, hub);
  set_remote(repository, remote("barn", "ssh://me@barn/srv/farm"));
  const std::vector<Remote> all = remotes(repository);
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "barn");
  CHECK(all[1].key == hub.key);
  CHECK(all[1].labels == hub.labels);
  CHECK(remote_of(repository, "hub").url == hub.url);
  CHECK(remote_of(repository, "isodb://hub.example:9000").name == "hub");
  CHECK(remote_of(repository, "isodb://other.example").name.empty());
  CHECK(error_code_of([&] { remote_of(repository, "nobody"); }) == ErrorCode::kNotFound);
  CHECK(remove_remote(repository, "hub"));
  CHECK_FALSE(remove_remote(repository, "hub"));
  CHECK_FALSE(find_remote(repository, "hub"));
}

TEST_CASE("a folder's path is kept whole, whatever the working folder is later") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  set_remote(repository, remote("stick", "some/../folder/"));
  CHECK(find_remote(repository, "stick")->url == (fs::current_path() / "folder").string());
}

TEST_CASE("names, URLs, fingerprints and labels that break a rule are refused") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const auto code = [&](const Remote& one) {
    return error_code_of([&] { set_remote(repository, one); });
  };
  for (const char* name : {"", "a/b", "-x", "a b\n", "..", "bundle"}) {
    INFO(name);
    CHECK(code(remote(name, "isodb://hub")) == ErrorCode::kInvalid);
  }
  for (const char* url : {"", "http://hub", "isodb://", "isodb://hub:99999", "ssh://-oX/p",
                          "isodb://hub/path", "file://host/path", "file:///a%zz", "file:///a%00"}) {
    INFO(url);
    CHECK(code(remote("hub", url)) == ErrorCode::kInvalid);
  }
  Remote wrong = remote("hub", "isodb://hub");
  wrong.fingerprint = "0123";
  CHECK(code(wrong) == ErrorCode::kInvalid);
  wrong.fingerprint.clear();
  wrong.labels = {{"a b", "c"}};
  CHECK(code(wrong) == ErrorCode::kInvalid);
  CHECK(remotes(repository).empty());
}

TEST_CASE(
    "file:// and ssh:// have paths with %XX, and words without a scheme are paths as they are") {
  CHECK(std::get<fs::path>(parse_place("file:///media/a%20b%C3%A9")) == "/media/a b\xc3\xa9");
  CHECK(std::get<net::SshAddress>(parse_place("ssh://h/a%20b")).path == "/a b");
  CHECK(std::get<fs::path>(parse_place("/media/a%20b")) == "/media/a%20b");
  CHECK(std::get<fs::path>(parse_place("./a://b")) == "./a://b");
  CHECK(std::get<net::Address>(parse_place("isodb://[::1]:7")).host == "::1");
  CHECK(std::get<net::SshAddress>(parse_place("ssh://me@host/~/farm")).path == "/~/farm");
}

TEST_CASE("what was refused is kept until it comes, the newest 256") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  RepositoryState& state = *repo::Access::state(repository);
  const PublicKey peer = SecretKey::generate().public_key();
  const auto some_commit = [](unsigned number) {
    std::string bytes(32, '\0');
    bytes[0] = static_cast<char>(number & 0xff);
    bytes[1] = static_cast<char>(number >> 8);
    return CommitId(Id::from_bytes(bytes));
  };
  Report report;
  report.refused = {{some_commit(1), "may not write a\nb"},
                    {some_commit(2), "its clock is ahead", state.environment.now_millis() + 9'000},
                    {repository.id(), "is here after all"}};
  report.refused_there = {{some_commit(3), "no"}};
  record_refused(state, peer, report);
  // One setting alone: to read all would read agreements, which have megabytes.
  for (const auto& [key, value] : repository.settings()) CHECK_FALSE(key.starts_with("refused."));
  std::vector<RefusedRecord> records = refused_commits(repository);
  REQUIRE(records.size() == 3);
  // What stands is told; each peer is told of what came from it.
  const auto standing = standing_refusals(state, peer);
  REQUIRE(standing.size() == 2);
  CHECK(standing[1].commit == some_commit(2));
  const PublicKey second = SecretKey::generate().public_key();
  CHECK(standing_refusals(state, second).empty());
  Report other;
  other.refused = {{some_commit(1), "may not"}};
  record_refused(state, second, other);
  CHECK(standing_refusals(state, second).size() == 1);
  CHECK(standing_refusals(state, peer).size() == 2);
  other = {};
  other.agreed = true;
  record_refused(state, second, other);
  CHECK(refused_commits(repository).size() == 3);
  CHECK(records[0].rule == "may not write a b");
  CHECK(records[0].peer == peer);
  CHECK_FALSE(records[0].parked);
  CHECK(records[1].parked);
  CHECK(records[2].there);

  Report many;
  for (unsigned i = 0; i < 300; ++i) many.refused.push_back({some_commit(1000 + i), "rule"});
  record_refused(state, peer, many);
  CHECK(refused_commits(repository).size() == 256);
  CHECK(standing_refusals(state, peer).size() == 24);
  Report agreed;
  agreed.agreed = true;
  record_refused(state, SecretKey::generate().public_key(), agreed);
  CHECK(refused_commits(repository).size() == 256);
  record_refused(state, second, other = {.refused = {{some_commit(1), "may not"}}});
  record_refused(state, peer, many);
  CHECK(refused_commits(repository).size() == 256);
  CHECK(standing_refusals(state, second).size() == 1);  // one peer does not crowd out another's
  record_refused(state, peer, agreed);
  CHECK(refused_commits(repository).size() == 1);
}

}  // namespace
}  // namespace isodb::sync
