#include "tests/reference/history.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"

namespace isodb::reference {
namespace {

/// A document that is one object, as deleted lists of small histories are.
Bytes small_document(const objects::ObjectSource& source, const Id& id) {
  return objects::get_expected(source, id, ObjectType::kBlob);
}

}  // namespace

History::Known History::read(const objects::ObjectSource& source, const CommitId& id) const {
  Known known;
  known.id = id;
  known.commit = objects::decode_commit(objects::get_expected(source, id, ObjectType::kCommit));
  for (const CommitId& parent : known.commit.parents) {
    known.past |= commits_[numbers_.at(parent)].past;
  }
  objects::NodeCache cache(1 << 20);
  objects::Cursor cursor(objects::NodeReader(source, cache), known.commit.tree);
  for (cursor.seek(""); cursor.valid(); cursor.next()) {
    const Entry entry = cursor.entry();
    if (entry.stamp == known.commit.stamp()) known.writes[cursor.path()] = entry;
  }
  if (known.commit.deleted) {
    for (const std::string& path :
         objects::decode_deleted_paths(small_document(source, *known.commit.deleted))) {
      known.writes[path] = std::nullopt;
    }
  }
  return known;
}

std::size_t History::add(const objects::ObjectSource& source, const CommitId& id) {
  if (const auto known = numbers_.find(id); known != numbers_.end()) return known->second;
  if (commits_.size() == kCommitsMax) throw std::length_error("too many commits");
  const std::size_t number = commits_.size();
  commits_.push_back(read(source, id));
  commits_.back().past.set(number);
  numbers_.emplace(id, number);
  return number;
}

std::size_t History::begin(Known known, const CommitSet& before) {
  if (commits_.size() == kCommitsMax) throw std::length_error("too many commits");
  known.past = before;
  known.past.set(commits_.size());
  commits_.push_back(std::move(known));
  return commits_.size() - 1;
}

void History::finish(std::size_t number, const objects::ObjectSource& source, const CommitId& id) {
  Known known = read(source, id);
  known.past.set(number);
  if (known.writes != commits_[number].writes || known.past != commits_[number].past) {
    throw std::logic_error("commit " + id.hex() + " says something else than was meant");
  }
  numbers_.emplace(id, number);
  commits_[number] = std::move(known);
}

CommitSet History::all() const {
  CommitSet all;
  for (std::size_t i = 0; i < commits_.size(); ++i) all.set(i);
  return all;
}

CommitSet History::past(const CommitSet& commits) const {
  CommitSet past;
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    if (commits[i]) past |= commits_[i].past;
  }
  return past;
}

bool History::fold_before(std::size_t a, std::size_t b) const {
  const auto key = [&](std::size_t i) {
    const Known& known = commits_[i];
    return std::tuple(known.commit.clock, known.commit.writer, Id(known.id));
  };
  return key(a) < key(b);
}

std::vector<std::size_t> History::in_fold_order(const CommitSet& commits) const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    if (commits[i]) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return fold_before(a, b); });
  return order;
}

CommitSet History::unseen(const CommitSet& commits) const {
  CommitSet seen;
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    if (!commits[i]) continue;
    CommitSet ancestors = commits_[i].past;
    seen |= ancestors.reset(i);
  }
  return commits & ~seen;
}

CommitSet History::writers(const CommitSet& commits, const std::string& path) const {
  CommitSet writers;
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    if (commits[i] && commits_[i].writes.contains(path)) writers.set(i);
  }
  return writers;
}

CommitSet History::versions(const CommitSet& commits, const std::string& path) const {
  return unseen(writers(commits, path));
}

}  // namespace isodb::reference
