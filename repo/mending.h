#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "isodb/repository.h"
#include "objects/source.h"
#include "repo/examination.h"
#include "repo/state.h"

namespace isodb::repo {

/// Puts intact copies in the place of what is damaged or missing in a repository, wherever they
/// come from: proved by their hashes. Borrows the repository. One thread.
class Mending {
 public:
  explicit Mending(RepositoryState& state) : state_(state), examination_(state) {
    examination_.remember_reachable();
  }

  /// Looks for damage; then mends what other copies here, and merging again, give back.
  void begin(const ProgressFunction& progress);
  /// Again after others gave objects: what they led to may be damaged, too. False where nothing was
  /// mended since the last look.
  bool look_again(const ProgressFunction& progress);

  /// What is to be asked for, at most so many; none twice between two looks.
  std::vector<Damage> next_wanted(std::size_t max);
  /// False for an object that is not wanted. Durable after store().
  bool take(objects::Object object);
  void store();

  /// What gave way, once all was asked for: files whose damaged parts are not needed any more.
  std::vector<std::string> purge();

  struct Mended {
    Id id;
    ObjectType type = ObjectType::kBlob;
    std::string where;
  };
  const std::vector<Mended>& mended() const { return mended_; }
  /// Nothing is missing or damaged, as far as the last look saw.
  bool is_whole() const { return open_.empty() && mended_.size() == mended_before_; }

 private:
  void look(const ProgressFunction& progress);
  void mend_from_here();
  void compute_again();
  void compute_merge(const Id& merge);
  std::vector<std::vector<CommitId>> heads_that_may_be(const Id& merge) const;
  void want(const Damage& damage);
  void follow(const Damage& damage, const objects::Object& object);
  void follow_tree(const Damage& damage, const objects::Object& object);

  RepositoryState& state_;
  Examination examination_;
  std::unordered_map<Id, Damage> open_;  // not mended
  std::vector<Id> to_ask_;               // of these, the last first; and some mended
  std::unordered_set<Id> asked_;
  std::unordered_set<Id> done_;         // mended once: where that did not help, no second time does
  std::vector<objects::Object> taken_;  // not durable yet
  std::uint64_t taken_bytes_ = 0;
  std::vector<Mended> mended_;
  std::size_t mended_before_ = 0;  // at the last look
  std::uint64_t transactions_ = 0;
};

}  // namespace isodb::repo
