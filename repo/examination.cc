#include "repo/examination.h"

#include "core/hash.h"

namespace isodb::repo {

void Examination::read_everything(const ProgressFunction& progress) {
  // What is in memory proves nothing about what is on disk.
  state_.node_cache->clear();
  for (const std::string& problem : state_.database->check()) {
    of_files_.push_back({RepositoryState::kDatabaseName, problem});
  }
  state_.store->check_all(
      [&](const refs::Damaged& damaged) {
        of_files_.push_back(
            {damaged.object ? damaged.object->hex() : damaged.file, damaged.problem});
        files_.insert(damaged.file);
        if (damaged.object) records_.emplace(*damaged.object, damaged.problem);
      },
      [&](std::uint64_t done, std::uint64_t all) {
        if (progress) progress({"objects", done, all});
      });
}

void Examination::walk(const ProgressFunction& progress) {
  of_walk_.clear();
  damage_.clear();
  reachable_.clear();
  std::unordered_map<Id, std::string> unreadable = records_;
  std::erase_if(unreadable, [&](const auto& record) { return can_be_read(record.first); });
  Reachable reachable(state_);
  reachable.on_problem([&](const std::string& where, const std::string& problem) {
    of_walk_.push_back({where, problem});
  });
  reachable.expect_damage(unreadable);
  reachable.on_damage([&](const Damage& damage) { damage_.push_back(damage); });
  reachable.check_trees();
  std::uint64_t done = 0;
  reachable.visit_all([&](const Id& id, ObjectType type) {
    if (remembers_) reachable_.push_back(id);
    if (type == ObjectType::kCommit && progress) progress({"commits", ++done, 0});
  });
  contents_not_held_ = reachable.contents_not_held();
  contents_erased_ = reachable.contents_erased();
}

std::vector<Finding> Examination::findings() const {
  std::vector<Finding> all = of_files_;
  all.insert(all.end(), of_walk_.begin(), of_walk_.end());
  return all;
}

bool Examination::can_be_read(const Id& id) const {
  try {
    const std::optional<objects::Object> object = state_.store->get(id);
    return object && core::object_id(object->type, object->payload) == id;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace isodb::repo
