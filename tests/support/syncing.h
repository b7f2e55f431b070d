#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isodb/repository.h"
#include "refs/database.h"
#include "repo/state.h"
#include "sync/incoming.h"
#include "sync/missing.h"
#include "sync/outgoing.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// A repository folder with both of its faces: the public one, and what sync works on.
struct SyncSide {
  explicit SyncSide(const std::filesystem::path& folder)
      : repository(Repository::open(folder)), state(open_state(folder)) {}

  static std::shared_ptr<RepositoryState> open_state(const std::filesystem::path& folder) {
    return std::make_shared<RepositoryState>(
        folder, OpenOptions{}, refs::Database::open(folder / RepositoryState::kDatabaseName, {}));
  }

  std::vector<CommitId> heads(const std::string& prefix = "heads/") const {
    std::vector<CommitId> heads;
    for (const refs::Ref& ref : state->database->refs(prefix)) {
      if (ref.name.starts_with("tags/")) continue;
      const std::vector<CommitId>& of_ref = state->head(ref.target)->commits;
      heads.insert(heads.end(), of_ref.begin(), of_ref.end());
    }
    return heads;
  }

  Repository repository;
  std::shared_ptr<RepositoryState> state;
};

/// A repository that is to become a clone of the one with this root, and has none of it yet.
inline SyncSide empty_clone(const std::filesystem::path& folder, const CommitId& root) {
  Repository::init(folder);
  {
    const auto database = refs::Database::open(folder / RepositoryState::kDatabaseName, {});
    refs::WriteBatch batch;
    batch.settings = {{repo::kSettingRoot, root.hex()}};
    batch.moves.push_back({"heads/main", database->ref("heads/main"), std::nullopt, "test"});
    REQUIRE_FALSE(database->write(batch).lost);
  }
  return SyncSide(folder);
}

/// What a stream brought.
struct Pumped {
  std::vector<sync::Received> received;
  std::uint64_t elements = 0, operations = 0;
  std::map<int, std::uint64_t> operations_of_kind;

  std::uint64_t count(sync::Received::Kind kind) const {
    std::uint64_t found = 0;
    for (const sync::Received& one : received) found += one.kind == kind ? 1 : 0;
    return found;
  }
};

/// Runs one stream to its end, or until `goes_on`, asked before each element, says no.
inline Pumped pump(sync::Outgoing& outgoing, sync::Incoming& incoming,
                   const std::function<bool(const wire::Element&)>& goes_on = {}) {
  Pumped pumped;
  incoming.begin_stream();
  while (std::optional<wire::Element> element = outgoing.next()) {
    if (goes_on && !goes_on(*element)) return pumped;
    ++pumped.elements;
    if (const auto* operation = std::get_if<wire::OperationElement>(&*element)) {
      ++pumped.operations_of_kind[static_cast<int>(operation->kind)];
      ++pumped.operations;
    }
    std::optional<sync::Received> received = incoming.take(std::move(*element));
    const bool ends = received && received->kind != sync::Received::Kind::kTag;
    if (ends && received->kind < sync::Received::Kind::kWantedAsObjects) {
      REQUIRE(outgoing.commit_is_whole());
      if (received->kind != sync::Received::Kind::kAfterRefused) {
        REQUIRE(received->id == outgoing.commit());
      }
    }
    if (received) pumped.received.push_back(*received);
    if (ends && received->kind >= sync::Received::Kind::kWantedAsObjects) return pumped;
  }
  incoming.end_stream(outgoing.commits(), outgoing.operations());
  return pumped;
}

/// Makes every branch of `from` a branch of `to`, of the same name.
inline void take_branches(const SyncSide& from, SyncSide& to, sync::Incoming& incoming) {
  refs::WriteBatch batch;
  for (const refs::Ref& ref : from.state->database->refs("heads/")) {
    const merge::State state =
        to.state->merging->state(from.state->head(ref.target)->commits, incoming.objects());
    const Id target = state.merge ? Id(*state.merge) : Id(state.heads.front());
    REQUIRE(target == ref.target);
    const std::optional<Id> before = to.state->database->ref(ref.name);
    if (before != target) batch.moves.push_back({ref.name, before, target, "test"});
  }
  REQUIRE_FALSE(incoming.finish(std::move(batch)));
}

inline sync::Outgoing outgoing_for(const SyncSide& from, const SyncSide& to,
                                   sync::Outgoing::Options options = {},
                                   const std::vector<CommitId>& extra_heads = {}) {
  sync::Have have;
  have.heads = to.heads("");
  have.heads.insert(have.heads.end(), extra_heads.begin(), extra_heads.end());
  return sync::Outgoing(*from.state, sync::missing_commits(*from.state, have, from.heads()).commits,
                        std::move(options));
}

/// Everything that `from` has and `to` has not goes over; then their branches are equal.
inline Pumped sync_one_way(const SyncSide& from, SyncSide& to) {
  sync::Incoming incoming(*to.state, from.repository.public_key());
  sync::Outgoing outgoing = outgoing_for(from, to);
  Pumped pumped = pump(outgoing, incoming);
  REQUIRE(pumped.count(sync::Received::Kind::kTaken) == pumped.received.size());
  take_branches(from, to, incoming);
  return pumped;
}

inline void check_sound(const Repository& repository) {
  for (const Finding& finding : repository.fsck()) {
    FAIL_CHECK("fsck: " + finding.where + ": " + finding.problem);
  }
  for (const Finding& finding : repository.verify({.again = true})) {
    FAIL_CHECK("verify: " + finding.where + ": " + finding.problem);
  }
}

}  // namespace isodb::testing
