#include <catch2/catch.hpp>

#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "tests/support/small_disk.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_of;
using isodb::testing::SmallDisk;
using isodb::testing::TemporaryFolder;

namespace {

std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < bytes) text += std::to_string(random());
  return text;
}

}  // namespace

TEST_CASE("a full disk fails a commit with a clear error and loses nothing acknowledged") {
  TemporaryFolder folder;
  const SmallDisk disk(folder / "disk", "3m");
  if (!disk.mounted()) return;
  std::vector<CommitId> acknowledged;
  std::optional<Error> error;
  {
    Repository repository = Repository::init(folder / "disk/r");
    for (int i = 0; !error && i < 1000; ++i) {
      error = error_of([&] {
        Transaction transaction = repository.begin();
        transaction.put("doc/" + std::to_string(i), noise(20'000, static_cast<std::uint64_t>(i)));
        acknowledged.push_back(std::get<CommitId>(transaction.commit({.message = "m"})));
      });
    }
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kIo);
    CHECK(error->hint().find("space") != std::string::npos);
    REQUIRE(!acknowledged.empty());
    CHECK(repository.resolve_commit("@") == acknowledged.back());
  }
  Repository repository = Repository::open(folder / "disk/r");
  CHECK(repository.resolve_commit("@") == acknowledged.back());
  CHECK(repository.fsck().empty());
  CHECK(repository.verify().empty());
}

TEST_CASE("a full disk ends an import or a bulk transaction with nothing of it left") {
  TemporaryFolder folder;
  const SmallDisk disk(folder / "disk", "3m");
  if (!disk.mounted()) return;
  Repository repository = Repository::init(folder / "disk/r");
  const Id head = repository.resolve("@");
  const auto import_error = error_of([&] {
    ImportSession session(repository);
    std::vector<ImportSession::Change> changes;
    for (std::uint64_t i = 0; i < 400; ++i) {
      changes.push_back({"doc/" + std::to_string(i), session.write_document(noise(20'000, i), "")});
    }
    session.finish({{"heads/main", session.commit({.changes = changes})}}, "import");
  });
  const auto bulk_error = error_of([&] {
    Transaction transaction = repository.begin();
    for (std::uint64_t i = 0; i < 400; ++i) {
      transaction.put("doc/" + std::to_string(i), noise(20'000, i));
    }
    transaction.commit({.message = "bulk"});
  });
  REQUIRE(import_error);
  REQUIRE(bulk_error);
  CHECK(import_error->code() == ErrorCode::kIo);
  CHECK(bulk_error->code() == ErrorCode::kIo);
  CHECK(repository.resolve("@") == head);
  CHECK(repository.fsck().empty());
  CHECK(repository.statistics().packs == 0);
  for (const auto& file : std::filesystem::directory_iterator(folder / "disk/r/packs")) {
    FAIL("left behind: " << file.path());
  }
  // What fits still goes in.
  Transaction small = repository.begin();
  small.put("small", "x");
  CHECK(std::holds_alternative<CommitId>(small.commit({.message = "small"})));
}
