#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "isodb/commit.h"
#include "merge/erased.h"
#include "repo/state.h"
#include "sync/receiver.h"
#include "wire/element.h"

namespace isodb::sync {

/// Sends objects as they are, each after all that it names: for what the receiver cannot rebuild.
/// Reads them as they are asked for. Borrows the repository. One thread at a time.
class ObjectStream {
 public:
  /// `receiver`: nullptr for one that takes everything. Of what is erased nothing is sent.
  ObjectStream(const RepositoryState& state, Receiver* receiver, merge::ErasedPtr erased)
      : state_(state), receiver_(receiver), erased_(std::move(erased)) {}

  /// What the commit has and its parents' trees have not, and then the commit.
  void add_commit(const CommitId& id, const Commit& commit);
  /// Any object but a commit or merge, with all that it names; a tag without the commit it names.
  void add(const Id& id);

  /// Any object, without what it names.
  void add_alone(const Id& id) { tasks_.push_back({id, false}); }

  /// nullopt when all that was added is sent.
  std::optional<wire::Element> next();
  /// Between objects: passes over the next one. nullopt when there is none.
  std::optional<Id> skip();
  bool at_end() const { return tasks_.empty() && rest_.empty(); }

 private:
  struct Task {
    Id id;
    bool enter = true;  ///< what it names has to be sent before it
  };
  void enter(const Id& id);
  bool is_over_there(const std::string& path, const Entry& entry) const;
  bool is_erased(std::string_view path, const Id& content) const;
  bool takes_content(const std::string& path, const Entry& entry) const;

  const RepositoryState& state_;
  Receiver* const receiver_;
  const merge::ErasedPtr erased_;
  CommitId commit_;          // whose tree is sent
  Stamp stamp_;              // its
  std::vector<Task> tasks_;  // the next at the back
  std::vector<TreeId> parent_trees_;
  std::unordered_set<Id> done_;  // trees and lists that are over there or were sent
  Bytes rest_;                   // of the object at hand, from `sent_` on
  std::size_t sent_ = 0;
};

}  // namespace isodb::sync
