#include "repo/history_index.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "objects/commit_codec.h"
#include "objects/tree.h"
#include "refs/local_store.h"
#include "repo/access.h"
#include "repo/commit_walk.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::slurp;
using isodb::testing::spill;
using isodb::testing::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

/// So small that short histories have several segments, merged now and then, and wide commits.
constexpr repo::HistoryLimits kSmall{
    .left_out_max = 4, .segment_commits = 9, .paths_max = 5, .merged_bytes_max = 6'000};

Repository open_with(const fs::path& folder, const repo::HistoryLimits& limits,
                     const OpenOptions& options = {}) {
  Repository repository = Repository::open(folder, options);
  const auto& state = repo::Access::state(repository);
  state->history = std::make_unique<repo::HistoryIndex>(*state, limits);
  return repository;
}

std::string text_of(const LoggedCommit& logged) {
  const auto entry = [](const std::optional<Entry>& of) {
    return of ? of->content.short_hex() + "@" + of->stamp.clock.text() : std::string("-");
  };
  if (!logged.change) return logged.id.hex();
  return logged.id.hex() + " " + logged.change->path + " " + entry(logged.change->before) + " " +
         entry(logged.change->after);
}

using Rows = std::vector<std::string>;

/// What log is to say: every commit is looked at, without any index.
Rows walked(const Repository& repository, const std::vector<CommitId>& heads,
            const std::string& path) {
  RepositoryState& state = *repo::Access::state(repository);
  const objects::NodeReader nodes = state.nodes();
  Rows rows;
  repo::CommitWalk walk(state, heads);
  while (const auto item = walk.next()) {
    const Commit& commit = item->commit;
    LoggedCommit logged{item->id, commit, std::nullopt};
    const TreeId base = repo::base_tree(state, commit);
    if (path.ends_with('/')) {
      if (!objects::TreeDiff(nodes, base, commit.tree, path).next()) continue;
    } else if (!path.empty()) {
      const auto after = objects::find_entry(nodes, commit.tree, path);
      if (after ? after->stamp != commit.stamp() : !commit.deleted.has_value()) continue;
      const auto before = objects::find_entry(nodes, base, path);
      if (!after && !before) continue;
      logged.change = Difference{path, before, after};
    }
    rows.push_back(text_of(logged));
  }
  return rows;
}

Rows logged(const Repository& repository, const std::vector<CommitId>& heads,
            const std::string& path, std::uint64_t limit = UINT64_MAX) {
  Rows rows;
  repository.log(heads, {.path = path, .limit = limit}, [&](const LoggedCommit& commit) {
    rows.push_back(text_of(commit));
    return true;
  });
  return rows;
}

const std::vector<std::string> kPaths{"a",   "a/b", "a/c/d", "a/c/e", "b/1", "b/2",    "b/3",
                                      "b/4", "b/5", "b/6",   "c",     "c/x", "d/e/f/g"};
const std::vector<std::string> kAsked{"a", "a/b", "a/c/d",   "a/c/e", "b/3",  "c",  "d/e/f/g",
                                      "z", "a/",  "a/c/",    "b/",    "d/e/", "d/", "z/",
                                      "/", "a//", ".isodb/", "a/c",   ""};

void check_all(const Repository& repository, const std::vector<CommitId>& heads) {
  for (const std::string& path : kAsked) {
    INFO("path '" << path << "'");
    const Rows expected = walked(repository, heads, path);
    REQUIRE(logged(repository, heads, path) == expected);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{3}, expected.size() / 2}) {
      const Rows first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(
                                                                std::min(limit, expected.size())));
      REQUIRE(logged(repository, heads, path, limit) == first);
    }
  }
}

struct Random {
  explicit Random(std::uint64_t seed) : engine(seed) {}
  std::size_t below(std::size_t bound) { return engine() % bound; }
  std::mt19937_64 engine;
};

/// Commits of all shapes, of which the last ones are named by branches; all of them are returned.
std::vector<CommitId> import_history(Repository& repository, Random& random, std::size_t count) {
  ImportSession session(repository);
  std::vector<CommitId> commits{repository.id()};
  std::set<CommitId> heads;
  // Times far apart and out of order, so that branches interleave.
  for (std::size_t i = 0; i < count; ++i) {
    ImportSession::CommitInput input;
    const std::size_t parents = random.below(6) == 0 ? 2 + random.below(2) : 1;
    for (std::size_t k = 0; k < parents; ++k) {
      const std::size_t back =
          random.below(4) == 0 ? random.below(commits.size()) : random.below(3);
      input.parents.push_back(commits[commits.size() - 1 - std::min(back, commits.size() - 1)]);
    }
    const std::size_t changes = random.below(10) == 0 ? kPaths.size() : random.below(4);
    for (std::size_t k = 0; k < changes; ++k) {
      const std::string& path = changes > 4 ? kPaths[k] : kPaths[random.below(kPaths.size())];
      std::optional<Entry> entry;
      if (random.below(4) != 0) {
        entry = session.write_document("v" + std::to_string(random.below(5)), "text/plain");
      }
      input.changes.push_back({path, entry});
    }
    input.at_millis = 1'600'000'000'000 + random.below(1'000'000);
    input.origin = {{"system", "test"}};
    input.message = std::to_string(i);
    commits.push_back(session.commit(std::move(input)));
  }
  std::vector<ImportSession::RefUpdate> refs;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    refs.push_back({"heads/c" + std::to_string(i), commits[i]});
  }
  REQUIRE_FALSE(session.finish(refs, "import"));
  return commits;
}

std::vector<CommitId> some_of(Random& random, const std::vector<CommitId>& commits) {
  std::vector<CommitId> heads;
  for (std::size_t i = 0; i <= random.below(3); ++i) {
    heads.push_back(commits[random.below(commits.size())]);
  }
  return heads;
}

std::vector<CommitId> common_heads(const Repository& repository, const std::vector<CommitId>& a,
                                   const std::vector<CommitId>& b) {
  const RepositoryState& state = *repo::Access::state(repository);
  const auto past = [&](const std::vector<CommitId>& heads) {
    std::map<Id, Commit> all;
    repo::CommitWalk walk(state, heads);
    while (auto item = walk.next()) all.emplace(item->id, std::move(item->commit));
    return all;
  };
  std::map<Id, Commit> both = past(a);
  const std::map<Id, Commit> other = past(b);
  std::erase_if(both, [&](const auto& commit) { return !other.contains(commit.first); });
  std::set<Id> heads;
  for (const auto& [id, commit] : both) heads.insert(id);
  for (const auto& [id, commit] : both) {
    for (const CommitId& parent : commit.parents) heads.erase(parent);
  }
  std::vector<CommitId> result;
  for (const Id& id : heads) result.emplace_back(id);
  return result;
}

std::vector<fs::path> segments_in(const fs::path& repository) {
  std::vector<fs::path> files;
  if (!fs::exists(repository / "history")) return files;
  for (const auto& file : fs::directory_iterator(repository / "history")) {
    if (file.path().extension() == ".segment") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// A repository with an imported history, whose folder is `folder`.
struct Made {
  explicit Made(std::uint64_t seed, std::size_t count = 60) : random(seed) {
    Repository repository = Repository::init(folder / "r");
    commits = import_history(repository, random, count);
  }
  fs::path path() const { return folder / "r"; }
  std::vector<CommitId> newest() const { return {commits.back()}; }

  TemporaryFolder folder;
  Random random;
  std::vector<CommitId> commits;
};

}  // namespace

TEST_CASE("log of a path says what a walk through all history says, whatever history looks like") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Made made(seed, 20 + seed * 10);
    Repository repository = open_with(made.path(), kSmall);
    for (int round = 0; round < 6; ++round) {
      check_all(repository, some_of(made.random, made.commits));
    }
    REQUIRE(segments_in(made.path()).size() >= 1);
    const Repository again = open_with(made.path(), kSmall);
    check_all(again, made.newest());
  }
}

TEST_CASE("log of a path follows commits, merges and removals made since the index was stored") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    Made made(100 + seed, 30);
    Repository repository = open_with(made.path(), kSmall);
    Random& random = made.random;
    for (int round = 0; round < 25; ++round) {
      const std::string branch = "heads/c" + std::to_string(25 + random.below(6));
      if (random.below(4) == 0) {
        repository.merge("c" + std::to_string(random.below(31)), branch);
      } else {
        Transaction transaction = repository.begin(branch);
        for (std::size_t k = 0; k <= random.below(7); ++k) {
          const std::string& path = kPaths[random.below(kPaths.size())];
          if (random.below(3) == 0) {
            transaction.remove(path);
          } else {
            transaction.put(path, "w" + std::to_string(round));
          }
        }
        REQUIRE(std::holds_alternative<CommitId>(
            transaction.commit({.message = "round", .allow_empty = true})));
      }
      if (round % 5 == 4) check_all(repository, repository.resolve_heads(branch));
    }
    const Repository again = open_with(made.path(), kSmall);
    check_all(again, again.resolve_heads("c25"));
    check_all(again, again.resolve_heads("c30"));
  }
}

TEST_CASE("descent and merge bases are the same with the index and without") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    Made made(200 + seed, 20 + seed * 12);
    // Known in part, in whole, and not at all.
    Repository repository = open_with(made.path(), kSmall);
    const std::size_t middle = made.commits.size() / 2;
    if (seed % 3 != 0) logged(repository, {made.commits[middle]}, "z");
    if (seed % 3 == 2) logged(repository, {made.commits.begin(), made.commits.end()}, "z");
    for (int round = 0; round < 150; ++round) {
      const std::vector<CommitId> a = some_of(made.random, made.commits);
      const std::vector<CommitId> b = some_of(made.random, made.commits);
      const std::vector<CommitId> expected = common_heads(repository, a, b);
      REQUIRE(repository.common_heads(a, b) == expected);
      const bool is_ancestor = common_heads(repository, {a[0]}, {b[0]}) == std::vector{a[0]};
      REQUIRE(repository.is_ancestor(a[0], b[0]) == is_ancestor);
    }
  }
}

TEST_CASE("a damaged, shortened or missing file of the history index changes no answer") {
  Made made(7, 60);
  open_with(made.path(), kSmall);
  Rows expected, folder;
  {
    const Repository repository = open_with(made.path(), kSmall);
    expected = walked(repository, made.newest(), "a/b");
    folder = walked(repository, made.newest(), "a/c/");
    REQUIRE(logged(repository, made.newest(), "a/b") == expected);
  }
  for (int round = 0; round < 150; ++round) {
    const std::vector<fs::path> files = segments_in(made.path());
    REQUIRE(!files.empty());
    const fs::path file = files[made.random.below(files.size())];
    std::string bytes = slurp(file);
    const std::size_t at = made.random.below(bytes.size());
    switch (round % 4) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << made.random.below(8)));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), '\0');
        break;
      default:
        fs::remove(file);
    }
    if (round % 4 != 3) spill(file, bytes);
    INFO("round " << round << ", " << file << " at " << at);
    const Repository repository = open_with(made.path(), kSmall);
    REQUIRE(logged(repository, made.newest(), "a/b") == expected);
    REQUIRE(logged(repository, made.newest(), "a/c/") == folder);
    REQUIRE(repository.is_ancestor(made.commits[1], made.commits[1]));
    // Made anew: the next one finds it whole.
    REQUIRE(logged(repository, made.newest(), "a/c/") == folder);
    REQUIRE(repo::Access::state(repository)->history->cover(made.newest()));
  }
}

TEST_CASE("files that a crash left beside the history index are not taken for it") {
  Made made(8, 60);
  {
    const Repository repository = open_with(made.path(), kSmall);
    logged(repository, {made.commits[30]}, "z");
  }
  const auto older = segments_in(made.path());
  std::map<fs::path, std::string> kept;
  for (const fs::path& file : older) kept[file] = slurp(file);
  {
    const Repository repository = open_with(made.path(), kSmall);
    logged(repository, made.newest(), "z");
  }
  // Segments that were merged into others, not removed yet; a file half written; foreign names.
  for (const auto& [file, bytes] : kept) spill(file, bytes);
  spill(made.path() / "history/tmp", "isodbhi");
  spill(made.path() / "history/0-999.segment", kept.begin()->second);
  spill(made.path() / "history/00-5.segment", "");
  spill(made.path() / "history/0-99999999999999999999.segment", "");
  const Repository repository = open_with(made.path(), kSmall);
  check_all(repository, made.newest());
}

TEST_CASE("a segment that was stored behind another one than there is now is not taken") {
  constexpr repo::HistoryLimits kAlwaysStored{.left_out_max = 0};
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  std::vector<CommitId> commits{repository.id()};
  ImportSession session(repository);
  const auto commit = [&](const CommitId& parent) {
    ImportSession::CommitInput input;
    input.parents = {parent};
    input.origin = {{"system", "test"}};
    input.message = std::to_string(commits.size());
    commits.push_back(session.commit(std::move(input)));
    return commits.back();
  };
  for (int i = 0; i < 20; ++i) commit(commits.back());
  const CommitId tip = commits.back();
  const CommitId left = commit(tip), right = commit(tip), behind_left = commit(left);
  REQUIRE_FALSE(session.finish({{"heads/l", behind_left}, {"heads/r", right}}, "import"));
  const auto cover = [&](const CommitId& head) {
    const Repository opened = open_with(folder / "r", kAlwaysStored);
    REQUIRE(repo::Access::state(opened)->history->cover({head}));
    return segments_in(folder / "r");
  };
  const auto first = cover(left), both = cover(behind_left);
  REQUIRE(both.size() == 2);
  const fs::path behind = both[0] == first[0] ? both[1] : both[0];
  const std::string bytes = slurp(behind);
  fs::remove_all(folder / "r/history");
  REQUIRE(cover(right) == first);  // as many commits, others
  spill(behind, bytes);
  const Repository opened = open_with(folder / "r", kAlwaysStored);
  CHECK_FALSE(opened.is_ancestor(right, behind_left));
  CHECK(opened.is_ancestor(left, behind_left));
  CHECK(opened.common_heads({right}, {behind_left}) == std::vector{tip});
}

TEST_CASE("without the lock or without leave to store, log walks and nothing is written") {
  Made made(9, 40);
  SECTION("another process is storing") {
    fs::create_directories(made.path() / "history");
    const auto lock = core::try_lock_file(core::posix_file_system(), made.path() / "history/lock");
    REQUIRE(lock);
    const Repository repository = open_with(made.path(), kSmall);
    CHECK_FALSE(repo::Access::state(repository)->history->cover(made.newest()));
    check_all(repository, made.newest());
    CHECK(repository.common_heads({made.commits[3]}, {made.commits[3]}) ==
          std::vector{made.commits[3]});
    CHECK(segments_in(made.path()).empty());
  }
  SECTION("nothing is to be stored") {
    const Repository repository =
        open_with(made.path(), kSmall, {.read_only = true, .store_index = false});
    check_all(repository, made.newest());
    CHECK_FALSE(fs::exists(made.path() / "history"));
  }
  SECTION("there is something else in its place") {
    spill(made.path() / "history", "");
    const Repository repository = open_with(made.path(), kSmall);
    check_all(repository, made.newest());
    CHECK(slurp(made.path() / "history").empty());
  }
}

TEST_CASE("a short history is walked and never stored") {
  Made made(10, 200);
  const Repository repository = Repository::open(made.path());
  check_all(repository, made.newest());
  CHECK_FALSE(fs::exists(made.path() / "history"));
}

TEST_CASE("a collection that drops commits drops the history index that names them") {
  Made made(11, 60);
  Repository repository = open_with(made.path(), kSmall);
  logged(repository, {made.commits.begin(), made.commits.end()}, "z");
  REQUIRE(!segments_in(made.path()).empty());
  repository.collect();
  REQUIRE(!segments_in(made.path()).empty());  // all are there still
  for (std::size_t i = 20; i < made.commits.size(); ++i) {
    const std::string name = "heads/c" + std::to_string(i);
    REQUIRE(repository.move_ref(name, made.commits[i], std::nullopt, "test").done);
  }
  repo::Access::state(repository)->database->expire_reflog(UINT64_MAX >> 1);
  REQUIRE(repository.collect().objects_dropped > 0);
  CHECK(segments_in(made.path()).empty());
  check_all(repository, {made.commits[19]});
}

TEST_CASE("a commit whose parent's tree holds what the commit claims is found as by a walk") {
  Made made(13, 20);
  Repository repository = open_with(made.path(), kSmall);
  RepositoryState& state = *repo::Access::state(repository);
  refs::LooseBatch batch(*state.store);
  objects::NodeCache cache(1 << 20);
  const objects::NodeReader nodes(batch, cache);
  const Commit tip = repository.commit(made.commits.back());
  Commit liar;
  liar.parents = made.newest();
  liar.clock.value = tip.clock.value + 1;
  liar.writer = {1};
  liar.sequence = 1;
  Commit child = liar;
  child.sequence = 2;
  child.clock.value = liar.clock.value + 1;
  Entry entry =
      *repository.snapshot("main").entry(repository.snapshot("main").documents(".isodb/").path());
  entry.stamp = child.stamp();
  const std::vector<objects::TreeChange> claim{{"claimed", entry}}, write_by_child{{"b/7", entry}};
  liar.tree = objects::edit_tree(nodes, batch, tip.tree, claim);
  const CommitId liar_id(batch.put(ObjectType::kCommit, objects::encode_commit(liar)));
  child.parents = {liar_id};
  child.tree = objects::edit_tree(nodes, batch, liar.tree, write_by_child);
  const CommitId child_id(batch.put(ObjectType::kCommit, objects::encode_commit(child)));
  refs::WriteBatch write;
  write.loose.push_back(batch.take());
  write.moves.push_back({"heads/claims", std::nullopt, child_id, "test"});
  // As it is noted when such a commit comes from elsewhere.
  write.settings.emplace_back(repo::kSettingComputed + liar_id.hex(),
                              tip.tree.hex() + " " + tip.tree.hex());
  REQUIRE_FALSE(state.database->write(write).lost);
  state.store->refresh();
  REQUIRE(walked(repository, {child_id}, "claimed").size() == 1);
  REQUIRE(logged(repository, {child_id}, "claimed") == walked(repository, {child_id}, "claimed"));
  REQUIRE(state.history->cover({child_id}));
  REQUIRE(logged(repository, {child_id}, "claimed") == walked(repository, {child_id}, "claimed"));
  check_all(repository, {child_id});
}

TEST_CASE("any number of threads and handles ask, store and commit at once") {
  Made made(12, 60);
  const Rows expected = walked(open_with(made.path(), kSmall), made.newest(), "a/b");
  const auto ask = [&](const Repository& repository, std::size_t& wrong) {
    for (int round = 0; round < 30; ++round) {
      if (logged(repository, made.newest(), "a/b") != expected) ++wrong;
      const auto heads = repository.resolve_heads("c20");
      if (logged(repository, heads, "new") != walked(repository, heads, "new")) ++wrong;
    }
  };
  std::vector<std::size_t> wrong(4);
  Repository shared = open_with(made.path(), kSmall);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] { ask(shared, wrong[i]); });
    threads.emplace_back([&, i] { ask(open_with(made.path(), kSmall), wrong[2 + i]); });
  }
  for (int i = 0; i < 40; ++i) {
    Transaction transaction = shared.begin("heads/c20");
    transaction.put("new", std::to_string(i));
    transaction.commit({.message = "new"});
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<std::size_t>(4));
}
