#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "isodb/repository.h"
#include "repo/reachable.h"
#include "repo/state.h"

namespace isodb::repo {

/// Looks for damage: in every stored byte, and in all that refs lead to. Borrows the repository.
/// One thread.
class Examination {
 public:
  explicit Examination(RepositoryState& state) : state_(state) {}

  /// So that reachable() can be asked.
  void remember_reachable() { remembers_ = true; }
  /// Reads every record of packs and rows. Once, and first.
  void read_everything(const ProgressFunction& progress);
  /// Walks all that is to be here, and tells what is not, or is damaged: any number of times, each
  /// as things are then.
  void walk(const ProgressFunction& progress);

  /// Of read_everything(), and of the last walk.
  std::vector<Finding> findings() const;
  /// Of the last walk: what is missing or damaged, and, where that was to be remembered, all that
  /// was met.
  const std::vector<Damage>& damage() const { return damage_; }
  const std::vector<Id>& reachable() const { return reachable_; }
  /// Did the last walk see everything?
  bool saw_all() const { return of_walk_.empty(); }
  std::uint64_t contents_not_held() const { return contents_not_held_; }
  std::uint64_t contents_erased() const { return contents_erased_; }
  /// Objects with a damaged record, and what is wrong with it; one that was mended stays.
  const std::unordered_map<Id, std::string>& damaged_records() const { return records_; }
  /// Where read_everything() found damage: "packs/<name>", "repo.db".
  const std::set<std::string>& damaged_files() const { return files_; }
  /// Can the object be read, as it should be?
  bool can_be_read(const Id& id) const;

 private:
  RepositoryState& state_;
  std::vector<Finding> of_files_, of_walk_;
  std::unordered_map<Id, std::string> records_;
  std::set<std::string> files_;
  std::vector<Damage> damage_;
  std::vector<Id> reachable_;
  bool remembers_ = false;
  std::uint64_t contents_not_held_ = 0, contents_erased_ = 0;
};

}  // namespace isodb::repo
