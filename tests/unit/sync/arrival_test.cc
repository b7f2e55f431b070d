// What a peer's refs become here.
#include "sync/arrival.h"

#include "tests/support/folders.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

struct Fixture {
  Fixture() {
    Repository::init(folder / "a");
    side.emplace(folder / "a");
  }
  /// What became of branches with these names, of the one commit that there is.
  sync::Report bring(const std::vector<std::string>& names, bool into_branches) {
    wire::Agreement theirs;
    for (const std::string& name : names) theirs[name] = {side->repository.id()};
    sync::Incoming incoming(*side->state, side->repository.public_key());
    sync::Report report;
    sync::bring_to_refs(*side->state, incoming, theirs,
                        {.into_branches = into_branches, .remote = "hub"}, {}, false, report);
    return report;
  }

  TemporaryFolder folder;
  std::optional<SyncSide> side;
};

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back((i % 2 == 0 ? "heads/b" : "tags/t") + std::to_string(i));
  }
  return result;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a peer's refs are taken up to a limit in all, the others are named") {
  // main is one more.
  const sync::Report first = bring(names(sync::kRefsTakenMax - 2), true);
  CHECK(first.moved.size() == sync::kRefsTakenMax - 2);
  CHECK(first.refs_refused.empty());
  const sync::Report second = bring({"heads/b0", "heads/x", "heads/y", "tags/z"}, true);
  REQUIRE(second.moved.size() == 1);
  CHECK(second.moved.front().name == "heads/x");
  CHECK(second.refs_refused == std::vector<std::string>{"heads/y", "tags/z"});
  CHECK_FALSE(side->repository.ref("heads/y"));
  // Below a remote's name they are counted by themselves.
  CHECK(bring({"heads/y"}, false).refs_refused.empty());
  CHECK(side->repository.ref("remotes/hub/y"));
}
