#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "tests/support/histories.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::HistoryMaker;

// Random histories of documents without a media type, whose merge is their greatest version: what
// is left to get right is which versions there are. Held against the definition, read literally.
namespace {

struct Model {
  struct Made {
    CommitId id;
    Stamp stamp;
    std::set<std::size_t> past;  // itself too
    HistoryMaker::Writes writes;
  };
  HistoryMaker maker;
  std::vector<Made> commits;
  std::map<std::string, std::size_t> numbers;

  Model() { add(maker.root, {}, {}); }
  void add(const CommitId& id, const std::vector<std::size_t>& parents,
           HistoryMaker::Writes writes) {
    Made made{id, maker.read(id).stamp(), {commits.size()}, std::move(writes)};
    for (const std::size_t parent : parents) {
      made.past.insert(commits[parent].past.begin(), commits[parent].past.end());
    }
    commits.push_back(std::move(made));
  }
  std::set<std::size_t> past(const std::vector<std::size_t>& heads) const {
    std::set<std::size_t> all;
    for (const std::size_t head : heads)
      all.insert(commits[head].past.begin(), commits[head].past.end());
    return all;
  }
  bool before(std::size_t a, std::size_t b) const {
    return std::tie(commits[a].stamp, commits[a].id) < std::tie(commits[b].stamp, commits[b].id);
  }
  /// V(C, p), in fold order.
  std::vector<std::size_t> versions(const std::set<std::size_t>& closed,
                                    const std::string& path) const {
    std::vector<std::size_t> found;
    for (const std::size_t c : closed) {
      if (commits[c].writes.count(path) == 0) continue;
      const bool seen = std::any_of(closed.begin(), closed.end(), [&](std::size_t other) {
        return other != c && commits[other].writes.count(path) != 0 &&
               commits[other].past.count(c) != 0;
      });
      if (!seen) found.push_back(c);
    }
    std::sort(found.begin(), found.end(), [this](auto a, auto b) { return before(a, b); });
    return found;
  }
  bool is_live(std::size_t c, const std::string& path) const {
    return commits[c].writes.at(path).has_value();
  }
  bool exists(const std::set<std::size_t>& closed, const std::string& path) const {
    const auto found = versions(closed, path);
    return std::any_of(found.begin(), found.end(), [&](auto c) { return is_live(c, path); });
  }
  std::set<std::size_t> common(std::size_t a, std::size_t b) const {
    std::set<std::size_t> both;
    std::set_intersection(commits[a].past.begin(), commits[a].past.end(), commits[b].past.begin(),
                          commits[b].past.end(), std::inserter(both, both.end()));
    return both;
  }
  std::optional<Entry> entry(const std::vector<std::size_t>& heads, const std::string& path) {
    const auto found = versions(past(heads), path);
    std::vector<std::size_t> live, gone;
    for (const std::size_t c : found) (is_live(c, path) ? live : gone).push_back(c);
    if (live.empty()) return std::nullopt;
    Entry entry =
        maker.entry(path, *commits[live.back()].writes.at(path), commits[live.back()].stamp);
    if (found.size() == 1) return entry;
    entry.flags = kFlagMerged;
    bool conflict = false;
    for (const std::size_t c : live) {
      conflict = conflict || commits[c].writes.at(path) != commits[live.back()].writes.at(path);
    }
    for (const std::size_t d : gone) {
      for (const std::size_t e : live) conflict = conflict || exists(common(d, e), path);
    }
    if (conflict) entry.flags |= kFlagConflict;
    std::vector<CommitId> ids;
    for (const std::size_t c : found) ids.push_back(commits[c].id);
    std::sort(ids.begin(), ids.end());
    Bytes text("isodb-merged-v1\0", 16);
    core::put_u64(text, 1);
    text.append(Id().bytes());
    core::put_u64(text, ids.size());
    for (const CommitId& id : ids) text.append(id.bytes());
    const Id digest = core::sha256(text);
    entry.stamp.clock = commits[found.back()].stamp.clock;
    entry.stamp.writer.value = core::load_u64(digest.bytes().data());
    entry.merge_digest_tail = core::load_u64(digest.bytes().data() + 8);
    return entry;
  }
  std::vector<std::size_t> maximal(std::vector<std::size_t> heads) const {
    std::vector<std::size_t> left;
    for (const std::size_t a : heads) {
      const bool below = std::any_of(heads.begin(), heads.end(), [&](std::size_t b) {
        return b != a && commits[b].past.count(a) != 0;
      });
      if (!below && std::find(left.begin(), left.end(), a) == left.end()) left.push_back(a);
    }
    return left;
  }
  std::vector<CommitId> ids(const std::vector<std::size_t>& of) const {
    std::vector<CommitId> ids;
    for (const std::size_t c : of) ids.push_back(commits[c].id);
    return ids;
  }
};

const std::vector<std::string> kPaths{"a", "b", "b/c", "d/e", "zz"};

/// A commit on some of the newest, with or without writes, of a few writers whose clocks lag.
void grow(Model& model, std::mt19937_64& random) {
  std::vector<std::size_t> parents;
  const std::size_t reach = std::min<std::size_t>(model.commits.size(), 6);
  for (std::size_t n = 1 + random() % 3; n > 0; --n) {
    parents.push_back(model.commits.size() - 1 - random() % reach);
  }
  parents = model.maximal(parents);
  HistoryMaker::Writes writes;
  for (const std::string& path : kPaths) {
    if (random() % 3 != 0) continue;
    if (random() % 3 == 0) {
      writes[path] = std::nullopt;
    } else {
      // Another text than its author saw: otherwise it would not have written the content.
      const auto seen = model.versions(model.past(parents), path);
      std::set<std::optional<std::string>> texts;
      for (const std::size_t c : seen) texts.insert(model.commits[c].writes.at(path));
      do {
        writes[path] = "text " + std::to_string(random() % 12);
      } while (texts.count(writes[path]) != 0);
    }
  }
  std::uint64_t clock = 0;
  for (const std::size_t parent : parents) {
    clock = std::max(clock, model.commits[parent].stamp.clock.value);
  }
  HistoryMaker::As as;
  as.writer = 200 + model.commits.size();  // each its own, so that clocks may be equal
  as.clock = clock + 1 + random() % 4;
  const CommitId id = model.maker.commit(model.ids(parents), writes, as);
  model.add(id, parents, writes);
}

}  // namespace

TEST_CASE("states of random histories are those of the definition") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 40; ++round) {
    Model model;
    while (model.commits.size() < 30) grow(model, random);
    for (int question = 0; question < 12; ++question) {
      std::vector<std::size_t> heads;
      for (std::size_t n = 1 + random() % 6; n > 0; --n) heads.push_back(random() % 30);
      const TreeId tree = model.maker.state(model.ids(heads));
      for (const std::string& path : kPaths) {
        INFO("round " << round << ", question " << question << ", path " << path);
        REQUIRE(model.maker.at(tree, path) == model.entry(heads, path));
        const auto expected = model.ids(model.versions(model.past(heads), path));
        std::vector<CommitId> versions;
        for (const auto& version : model.maker.engine().versions(path, model.ids(heads))) {
          versions.push_back(version.commit);
        }
        REQUIRE(versions == expected);
      }
      // What was computed before changes nothing, nor the order in which heads are named.
      std::shuffle(heads.begin(), heads.end(), random);
      REQUIRE(model.maker.fresh_engine()->merged(model.ids(heads), model.maker.store).tree == tree);
    }
  }
}

TEST_CASE("commits of random histories are what their checking computes") {
  std::mt19937_64 random(12);
  for (int round = 0; round < 10; ++round) {
    Model model;
    while (model.commits.size() < 30) grow(model, random);
    const auto engine = model.maker.fresh_engine();
    for (const Model::Made& made : model.commits) {
      const Commit commit = model.maker.read(made.id);
      const auto checked = engine->check(made.id, commit, model.maker.store);
      REQUIRE(checked.tree == commit.tree);
      REQUIRE(checked.tree_as_stated);
      REQUIRE(checked.base_as_stated);
      REQUIRE(checked.refusal.empty());
    }
  }
}
