#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <random>

#include "exchange/git_import.h"
#include "isodb/repository.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_of;
using isodb::testing::TemporaryFolder;

namespace {

std::string unpacked(const std::filesystem::path& path) {
  const std::string command = "zstd -qdc --long=27 '" + path.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  char part[65536];
  while (const std::size_t count = std::fread(part, 1, sizeof part, pipe.get())) {
    text.append(part, count);
  }
  return text;
}

std::map<std::string, Id> refs_of(const Repository& repository) {
  std::map<std::string, Id> refs;
  for (const RefInfo& ref : repository.refs()) refs[ref.name] = ref.target;
  return refs;
}

struct Target {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
};

}  // namespace

TEST_CASE("a real git stream, damaged, is imported whole or leaves the repository as it was") {
  const auto path = testing::shared_data("history/exercism-problem-specifications.fe.zst");
  if (!path) return;
  std::string stream = unpacked(*path);
  REQUIRE(stream.size() > 8'000'000);
  stream.resize(1'500'000);  // damage anywhere in it is met soon
  std::mt19937_64 random(20261120);
  auto target = std::make_unique<Target>();
  int refused = 0;
  for (int run = 0; run < 40; ++run) {
    std::string damaged = stream;
    if (run % 2 == 0) damaged.resize(random() % damaged.size());
    for (std::size_t flips = random() % 40; flips > 0; --flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const auto refs = refs_of(target->repository);
    exchange::ByteSource source = exchange::ByteSource::over(damaged);
    const auto error = error_of([&] { exchange::import_git(target->repository, source); });
    CAPTURE(run, error ? error->what() : "imported");
    REQUIRE(target->repository.fsck().empty());
    if (error) {
      ++refused;
      // A flipped bit can also make what git knows and an import does not.
      const bool right_code =
          error->code() == ErrorCode::kInvalid || error->code() == ErrorCode::kUnsupported;
      REQUIRE(right_code);
      REQUIRE_THAT(error->what(), Catch::StartsWith("stream: line "));
      REQUIRE(refs_of(target->repository) == refs);
    } else {
      REQUIRE(target->repository.verify().empty());
      target = std::make_unique<Target>();
    }
  }
  CHECK(refused >= 10);
}
