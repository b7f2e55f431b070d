#pragma once

#include <string>

#include "isodb/repository.h"
#include "isodb/sync.h"
#include "merge/members.h"
#include "tests/support/testing.h"

namespace isodb::testing {

inline void put(Repository& repository, const std::string& path, const std::string& document) {
  Transaction transaction = repository.begin();
  transaction.put(path, document);
  REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
}

/// An office, and a clone of it whose key may write.
class Pair {
 public:
  Pair() : office(Repository::init(folder / "office")) {
    put(office, "a/1.json", R"({"n":1,"place":"loft"})");
    const auto made = sync::clone(sync::remote_at((folder / "office").string()), folder / "tablet");
    REQUIRE_FALSE(made.error);
    tablet.emplace(Repository::open(folder / "tablet"));
    put(office, merge::member_path(tablet->public_key()),
        merge::member_document({"tablet", tablet->public_key(), merge::Role::kWriter, {}}));
    REQUIRE_FALSE(from_tablet(sync::Direction::kSync).error);
  }
  sync::SyncResult from_tablet(sync::Direction direction) {
    sync::SyncOptions options;
    options.direction = direction;
    return sync::sync_with(*tablet, *sync::find_remote(*tablet, "origin"), options);
  }
  bool are_equal() const { return office.ref("heads/main") == tablet->ref("heads/main"); }

  const TemporaryFolder folder;
  Repository office;
  std::optional<Repository> tablet;
};

}  // namespace isodb::testing
