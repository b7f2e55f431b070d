#include "isodb/space.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "isodb/repository.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::TemporaryFolder;

namespace {

void put(Repository& repository, const std::string& path, const std::string& document,
         const std::string& branch = {}) {
  Transaction transaction = repository.begin(branch);
  transaction.put(path, document);
  const auto done = transaction.commit({});
  REQUIRE(std::holds_alternative<CommitId>(done));
}

}  // namespace

TEST_CASE("statistics say what takes the space, by kind and by prefix") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  std::mt19937 random(3);
  std::string large(300'000, ' ');
  for (char& byte : large) byte = static_cast<char>(random());
  put(repository, "farm/a/1", std::string(100, 'a'));
  put(repository, "farm/a/2", std::string(50, 'b'));
  put(repository, "farm/b", std::string(70, 'c'));
  put(repository, "large", large);
  repository.create_tag("t", *repository.ref("heads/main"), "m");
  repository.collect();
  std::map<std::string, SpaceOfKind> kinds;
  std::uint64_t sum = 0;
  for (const SpaceOfKind& kind : space_by_kind(repository)) {
    kinds[kind.kind] = kind;
    sum += kind.bytes;
  }
  CHECK(kinds["commit"].objects == 5);
  CHECK(kinds["tag"].objects == 1);
  CHECK(kinds["list"].objects == 1);
  CHECK(kinds["chunk"].objects > 1);
  CHECK(kinds["chunk"].plain_bytes == 300'000);
  CHECK(kinds["node"].objects >= 4);
  CHECK(kinds["blob"].plain_bytes >= 220);
  const Repository::Statistics statistics = repository.statistics();
  CHECK(sum == statistics.pack_bytes + statistics.database_bytes);

  const auto top = space_by_prefix(repository, "@", "");
  REQUIRE(top.size() >= 2);
  CHECK(top[0].prefix == "large");
  CHECK(top[0].bytes == 300'000);
  const auto farm = std::ranges::find(top, "farm/", &SpaceOfPrefix::prefix);
  REQUIRE(farm != top.end());
  CHECK(farm->documents == 3);
  CHECK(farm->bytes == 220);
  const auto below = space_by_prefix(repository, "@", "farm/");
  REQUIRE(below.size() == 2);
  CHECK(below[0].prefix == "farm/a/");
  CHECK(below[0].bytes == 150);
  CHECK(below[1].prefix == "farm/b");

  const auto main = repository.ref("heads/main");
  REQUIRE(repository.move_ref("heads/gone", std::nullopt, main, "branch").done);
  put(repository, "x", "nowhere else", "heads/gone");
  REQUIRE(repository.move_ref("heads/gone", repository.ref("heads/gone"), std::nullopt, "").done);
  CHECK(find_garbage(repository).objects == 0);
  const Garbage garbage = find_garbage(repository, {.expire_now = true});
  CHECK(garbage.objects == 3);
  CHECK(garbage.moves > 0);
  CHECK(repository.collect({.expire_now = true}).objects_dropped == garbage.objects);
}
