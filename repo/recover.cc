#include "isodb/recover.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/file.h"
#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/pack.h"
#include "refs/local_store.h"
#include "refs/salvage.h"
#include "repo/creation.h"
#include "repo/erase_removal.h"
#include "repo/erasures.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMain = "heads/main";
/// Settings that say what people chose, and what is not to be had back, not what this clone holds:
/// what it held may be lost.
constexpr const char* kSettingsKept[] = {"ui.",
                                         "remote.",
                                         repo::kSettingScope,
                                         repo::kSettingComputed,
                                         repo::kSettingEraseRemoved,
                                         repo::kSettingErasePending};
constexpr std::uint64_t kProgressStep = 1024;

/// A commit that is what its id says, with what is needed to tell heads from others.
struct Found {
  std::vector<CommitId> parents;
  HybridTime clock;
};

/// All commits, merges and tags of a store.
class Harvest {
 public:
  /// `ids`: of all that is to be looked at.
  explicit Harvest(const refs::LocalStore& store) : store_(store) {}

  void gather(const std::unordered_set<Id>& ids, const ProgressFunction& progress) {
    std::uint64_t done = 0;
    for (const Id& id : ids) {
      if (++done % kProgressStep == 0 && progress) progress({"objects", done, ids.size()});
      try {
        take(id);
      } catch (const Error& error) {
        lost.push_back({id.hex(), error.what()});
      }
    }
    std::sort(lost.begin(), lost.end(),
              [](const Finding& a, const Finding& b) { return a.where < b.where; });
  }

  /// The root that most of the commits descend from; of several such, the one with the lowest id.
  std::optional<CommitId> find_root() const {
    const std::unordered_map<Id, std::vector<Id>> children = first_children();
    std::optional<CommitId> best;
    std::size_t most = 0;
    for (const auto& [id, root] : roots) {
      std::vector<Id> line{id};  // a tree: each commit has one first parent
      for (std::size_t at = 0; at < line.size(); ++at) {
        const auto next = children.find(line[at]);
        if (next != children.end()) {
          line.insert(line.end(), next->second.begin(), next->second.end());
        }
      }
      if (line.size() > most) {
        best = id;
        most = line.size();
      }
    }
    return best;
  }

  /// Forgets what was not signed for this repository.
  void check_signatures(const CommitId& root, const ProgressFunction& progress) {
    std::vector<CommitId> bad;
    std::uint64_t done = 0;
    for (const auto& [id, found] : commits) {
      if (progress) progress({"commits", ++done, commits.size()});
      if (found.parents.empty() ? id == root : holds(id, root)) continue;
      bad.emplace_back(id);
    }
    std::sort(bad.begin(), bad.end());
    for (const CommitId& id : bad) {
      lost.push_back({"commit " + id.hex(), "its signature does not hold: no ref leads to it"});
      commits.erase(id);
    }
  }

  /// Commits that no other one names as a parent, the newest first.
  std::vector<CommitId> heads() const {
    std::unordered_set<Id> parents;
    for (const auto& [id, found] : commits) {
      parents.insert(found.parents.begin(), found.parents.end());
    }
    std::vector<CommitId> heads;
    for (const auto& [id, found] : commits) {
      if (!parents.contains(id)) heads.emplace_back(id);
    }
    std::sort(heads.begin(), heads.end(), [&](const CommitId& a, const CommitId& b) {
      const HybridTime of_a = commits.at(a).clock, of_b = commits.at(b).clock;
      return of_a == of_b ? a < b : of_b < of_a;
    });
    return heads;
  }

  std::unordered_map<Id, Found> commits;
  std::map<CommitId, Commit> roots;
  std::map<MergeId, std::vector<CommitId>> merges;
  std::map<TagId, Tag> tags;
  std::vector<Finding> lost;

 private:
  void take(const Id& id) {
    const auto header = store_.header(id);
    if (!header || header->first < ObjectType::kCommit) return;
    const std::optional<objects::Object> object = store_.get(id);
    if (!object || core::object_id(object->type, object->payload) != id) {
      throw Error(ErrorCode::kCorrupt, "its content is not what its id says");
    }
    if (object->type == ObjectType::kTag) {
      tags.emplace(id, objects::decode_tag(object->payload));
    } else if (object->type == ObjectType::kMerge) {
      merges.emplace(id, objects::decode_merge(object->payload).heads);
    } else if (object->type == ObjectType::kCommit) {
      Commit commit = objects::decode_commit(object->payload);
      const bool is_root = commit.parents.empty() && objects::commit_signature_holds(commit, Id{});
      commits.emplace(id, Found{commit.parents, commit.clock});
      if (is_root) roots.emplace(id, std::move(commit));
    }
  }

  bool holds(const Id& id, const CommitId& root) const {
    const objects::Object object = *store_.get(id);
    return objects::commit_signature_holds(objects::decode_commit(object.payload), root);
  }

  /// All children, by their first parent: in a repository each commit has the root in its past.
  std::unordered_map<Id, std::vector<Id>> first_children() const {
    std::unordered_map<Id, std::vector<Id>> children;
    for (const auto& [id, found] : commits) {
      if (!found.parents.empty()) children[found.parents.front()].push_back(id);
    }
    return children;
  }

  const refs::LocalStore& store_;
};

/// Names for what was found, where the old database does not give them.
class Naming {
 public:
  Naming(const Harvest& harvest, const CommitId& root) : harvest_(harvest), root_(root) {}

  void keep(const std::vector<refs::Ref>& known, const refs::LocalStore& store,
            std::vector<Finding>& lost) {
    for (const refs::Ref& ref : known) {
      const bool is_bad_commit = !harvest_.commits.contains(ref.target) &&
                                 !harvest_.merges.contains(MergeId(ref.target)) &&
                                 !harvest_.tags.contains(TagId(ref.target));
      // A ref may name a tree or document, too.
      if (is_bad_commit && !is_there(store, ref.target)) {
        lacks_some = true;
        lost.push_back({ref.name, "it named " + ref.target.hex() + ", which is not there"});
      } else {
        refs.emplace(ref.name, ref.target);
      }
    }
  }

  /// Branches for heads that no ref leads to.
  void name_heads(std::vector<CommitId> heads) {
    const std::unordered_set<Id> reached = past_of_refs();
    std::erase_if(heads, [&](const CommitId& id) { return reached.contains(id); });
    if (!refs.contains(kMain) && !heads.empty()) {
      const std::optional<MergeId> merge = merge_of(heads);
      const std::vector<CommitId> in_main =
          merge ? harvest_.merges.at(*merge) : std::vector<CommitId>{heads.front()};
      refs.emplace(kMain, merge ? Id(*merge) : Id(heads.front()));
      std::erase_if(heads, [&](const CommitId& id) { return std::ranges::count(in_main, id) > 0; });
    }
    int number = 0;
    for (const CommitId& head : heads) {
      std::string name;
      do {
        name = "heads/recovered/" + std::to_string(++number);
      } while (refs.contains(name));
      refs.emplace(name, head);
    }
  }

  void name_tags() {
    std::vector<std::pair<TagId, Tag>> all(harvest_.tags.begin(), harvest_.tags.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.second.clock == b.second.clock ? a.first < b.first : b.second.clock < a.second.clock;
    });
    for (const auto& [id, tag] : all) {
      const std::string name = "tags/" + tag.name;
      const bool is_good = refs::ref_name_problem(name).empty();
      if (is_good && objects::tag_signature_holds(tag, root_)) refs.emplace(name, id);
    }
  }

  std::map<std::string, Id> refs;
  bool lacks_some = false;  // of those that were known

 private:
  static bool is_there(const refs::LocalStore& store, const Id& id) {
    try {
      const auto header = store.header(id);
      return header && header->first < ObjectType::kCommit;
    } catch (const Error&) {
      return false;
    }
  }

  /// The merge of the newest head and the most others: what the branch was, that they came to.
  std::optional<MergeId> merge_of(const std::vector<CommitId>& heads) const {
    const std::unordered_set<Id> open(heads.begin(), heads.end());
    std::optional<MergeId> best;
    std::size_t most = 1;
    for (const auto& [id, merged] : harvest_.merges) {
      const bool fits =
          std::ranges::all_of(merged, [&](const CommitId& head) { return open.contains(head); });
      if (!fits || merged.size() <= most || std::ranges::count(merged, heads.front()) == 0) {
        continue;
      }
      best = id;
      most = merged.size();
    }
    return best;
  }

  std::unordered_set<Id> past_of_refs() const {
    std::unordered_set<Id> reached;
    std::vector<Id> stack;
    for (const auto& [name, target] : refs) {
      Id id = target;
      for (auto tag = harvest_.tags.find(TagId(id)); tag != harvest_.tags.end();
           tag = harvest_.tags.find(TagId(id))) {
        id = tag->second.object;  // hashes cannot go round
      }
      const auto merge = harvest_.merges.find(MergeId(id));
      if (merge != harvest_.merges.end()) {
        stack.insert(stack.end(), merge->second.begin(), merge->second.end());
      } else {
        stack.push_back(id);
      }
    }
    while (!stack.empty()) {
      const Id id = stack.back();
      stack.pop_back();
      const auto commit = harvest_.commits.find(id);
      if (commit == harvest_.commits.end() || !reached.insert(id).second) continue;
      stack.insert(stack.end(), commit->second.parents.begin(), commit->second.parents.end());
    }
    return reached;
  }

  const Harvest& harvest_;
  const CommitId root_;
};

/// The databases of a folder, under all their names.
class Places {
 public:
  explicit Places(const fs::path& folder) : folder_(folder) {
    for (int number = 1; fs::exists(old(number)); ++number) newest_ = number;
  }
  fs::path database() const { return folder_ / RepositoryState::kDatabaseName; }
  fs::path unfinished() const { return folder_ / repo::kUnfinishedDatabase; }
  fs::path packs() const { return folder_ / RepositoryState::kPacksName; }
  fs::path key() const { return folder_ / RepositoryState::kKeyPath; }
  /// What there is to be salvaged: of a run that was interrupted, what it set aside.
  std::optional<fs::path> source() const {
    if (fs::exists(database())) return database();
    if (newest_ > 0) return old(newest_);
    return std::nullopt;
  }
  fs::path next_old() const { return old(newest_ + 1); }

 private:
  fs::path old(int number) const {
    return folder_ /
           (std::string(RepositoryState::kDatabaseName) + ".old-" + std::to_string(number));
  }
  const fs::path folder_;
  int newest_ = 0;
};

/// Every table, row and page of it.
bool can_be_read(const fs::path& database) {
  try {
    const auto open = refs::Database::open(database, {.busy_millis = 10'000, .read_only = true});
    if (!open->check().empty()) return false;
    const auto root = Id::from_hex(open->setting(repo::kSettingRoot).value_or(""));
    open->refs();
    open->settings();
    open->inventory(0);
    return root.has_value();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCorrupt) return false;
    throw;
  }
}

class Recovery {
 public:
  Recovery(const fs::path& folder, const RecoverOptions& options)
      : folder_(folder), places_(folder), options_(options) {}

  Recovered run() {
    const std::unique_ptr<core::File> taken = take_folder();
    // Until the new file is in its place: what others commit would be in the old one only.
    std::optional<refs::WriteBlock> block;
    if (fs::exists(places_.database())) block.emplace(places_.database());
    if (fs::exists(places_.database()) && !options_.force && can_be_read(places_.database())) {
      throw Error(ErrorCode::kInvalid, places_.database().string() + " can be read",
                  "isodb fsck says what is damaged in the repository; --force makes a new database "
                  "all the same");
    }
    if (const auto source = places_.source()) salvaged_ = refs::salvage(*source);
    core::FileSystem& files = core::posix_file_system();
    remove_with_log(places_.unfinished());
    {
      const auto database = refs::Database::create(places_.unfinished(), {});
      register_objects(*database);
      const refs::LocalStore store(*database, files, places_.packs());
      write_refs(*database, store);
      database->empty_log();
    }
    put_in_place();
    say_what_is_unknown();
    return std::move(result_);
  }

 private:
  std::unique_ptr<core::File> take_folder() const {
    core::FileSystem& files = core::posix_file_system();
    const bool is_one = fs::exists(places_.packs()) || places_.source();
    if (!is_one) {
      throw Error(ErrorCode::kNotFound, "there is no repository in " + folder_.string(),
                  "isodb init makes one");
    }
    std::unique_ptr<core::File> taken = files.open(folder_, core::OpenMode::kRead);
    if (!taken->try_lock()) {
      throw Error(ErrorCode::kBusy, "another program is recovering " + folder_.string());
    }
    return taken;
  }

  static void remove_with_log(const fs::path& database) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      core::posix_file_system().remove(database.string() + suffix);
    }
  }

  void register_objects(refs::Database& database) {
    core::FileSystem& files = core::posix_file_system();
    refs::WriteBatch batch;
    std::set<std::string> there;
    if (fs::exists(places_.packs())) {
      for (const std::string& name : files.list(places_.packs())) {
        if (!name.ends_with(".pack")) continue;
        there.insert(name);
        try {
          const std::uint64_t bytes = fs::file_size(places_.packs() / name);
          const objects::Pack pack(files, places_.packs() / name, bytes);
          batch.packs_added.push_back({name, bytes, pack.object_count()});
          list(pack);
        } catch (const Error& error) {
          lose(std::string(RepositoryState::kPacksName) + "/" + name, error.what());
        }
      }
    } else {
      files.create_directories(places_.packs());
    }
    for (const std::string& name : salvaged_.packs) {
      if (there.contains(name)) continue;
      lose(std::string(RepositoryState::kPacksName) + "/" + name, "the pack is missing");
    }
    result_.packs = batch.packs_added.size();
    for (const refs::LooseRow& row : salvaged_.loose) {
      result_.loose_objects += row.items.size();
      for (const refs::LooseRow::Item& item : row.items) ids_.insert(item.id);
    }
    batch.loose = std::move(salvaged_.loose);
    database.write(batch);
  }

  /// As far as its index can be read.
  void list(const objects::Pack& pack) {
    try {
      pack.for_each([&](const Id& id, std::uint64_t) { ids_.insert(id); });
      return;
    } catch (const Error& error) {
      lose(std::string(RepositoryState::kPacksName) + "/" + pack.name(), error.what());
    }
    constexpr unsigned kPrefixes = 1 << 12;
    for (unsigned prefix = 0; prefix < kPrefixes; ++prefix) {
      constexpr const char* kDigits = "0123456789abcdef";
      const std::string digits{kDigits[prefix >> 8], kDigits[prefix >> 4 & 15],
                               kDigits[prefix & 15]};
      try {
        for (const Id& id : pack.with_prefix(digits, SIZE_MAX)) ids_.insert(id);
      } catch (const Error&) {  // these are lost
      }
    }
  }

  void write_refs(refs::Database& database, const refs::LocalStore& store) {
    Harvest harvest(store);
    harvest.gather(ids_, options_.progress);
    const CommitId root = root_of(harvest);
    harvest.check_signatures(root, options_.progress);
    Naming naming(harvest, root);
    naming.keep(salvaged_.refs, store, result_.lost);
    // Of what no ref leads to where all are known, nothing is missed.
    result_.refs_are_known = salvaged_.has_all_refs && !naming.lacks_some;
    if (!result_.refs_are_known) naming.name_heads(harvest.heads());
    if (!salvaged_.has_all_refs) naming.name_tags();
    result_.lost.insert(result_.lost.end(), harvest.lost.begin(), harvest.lost.end());
    result_.repository = root;
    result_.objects = ids_.size();
    result_.commits = harvest.commits.size();
    refs::WriteBatch batch;
    core::Environment& environment = core::system_environment();
    batch.writer = key().public_key().fingerprint();
    batch.at_millis = environment.now_millis();
    batch.settings = {{repo::kSettingRoot, root.hex()},
                      {repo::kSettingWriter, repo::make_writer(environment).hex()}};
    std::string branch = kMain;
    for (const auto& [key, value] : salvaged_.settings) {
      const bool is_kept = std::ranges::any_of(
          kSettingsKept, [&, &name = key](const char* begin) { return name.starts_with(begin); });
      if (is_kept) batch.settings.emplace_back(key, value);
      if (key == repo::kSettingBranch) branch = value;
    }
    for (const auto& [name, target] : naming.refs) {
      batch.moves.push_back({name, std::nullopt, target, "recover"});
      result_.refs.push_back({name, target, store.header(target)->first});
    }
    if (!naming.refs.contains(branch)) branch = first_branch(naming.refs);
    batch.settings.emplace_back(repo::kSettingBranch, branch);
    database.write(batch);
  }

  static std::string first_branch(const std::map<std::string, Id>& refs) {
    if (refs.contains(kMain)) return kMain;
    const auto first = refs.lower_bound("heads/");
    const bool is_branch = first != refs.end() && first->first.starts_with("heads/");
    return is_branch ? first->first : kMain;
  }

  CommitId root_of(const Harvest& harvest) const {
    for (const auto& [key, value] : salvaged_.settings) {
      const std::optional<Id> id =
          key == repo::kSettingRoot ? Id::from_hex(value) : std::optional<Id>();
      if (id) return CommitId(*id);
    }
    if (const auto root = harvest.find_root()) return *root;
    throw Error(ErrorCode::kCorrupt,
                "no commit that a repository begins with is in the packs of " + folder_.string(),
                "clone anew from another device, or restore a backup");
  }

  repo::KeyFile key() {
    if (!core::posix_file_system().exists(places_.key())) {
      lose(RepositoryState::kKeyPath,
           "the key is lost, and a new one was made: an admin has to let it in before it writes");
    }
    return repo::make_key(folder_);
  }

  /// Each step is on disk before the next: the old file without its log would be an older state,
  /// and the new one beside the old one's log no state at all.
  void put_in_place() {
    core::FileSystem& files = core::posix_file_system();
    if (files.exists(places_.database())) {
      result_.set_aside = places_.next_old();
      for (const char* suffix : {"-wal", ""}) {
        keep(places_.database().string() + suffix, result_.set_aside.string() + suffix);
      }
      files.sync_directory(folder_);
      // From here on it is the one that was set aside that would be looked at again.
      files.remove(places_.database());
      files.sync_directory(folder_);
    }
    remove_with_log(places_.database());
    files.sync_directory(folder_);
    files.rename(places_.unfinished(), places_.database());
    files.sync_directory(folder_);
  }

  /// Under another name, too: as a copy where the file system knows no links.
  static void keep(const fs::path& file, const fs::path& name) {
    core::FileSystem& files = core::posix_file_system();
    if (files.exists(name)) files.remove(name);  // of a try that was stopped behind it
    if (!files.exists(file)) return;
    std::error_code error;
    fs::create_hard_link(file, name, error);
    if (!error) return;
    fs::copy_file(file, name, error);
    if (error) core::throw_io_error("copy", file, error.value());
    files.open(name, core::OpenMode::kReadAppend)->sync();
  }

  void say_what_is_unknown() {
    if (!salvaged_.has_all_loose) {
      lose("loose objects",
           "what was committed last, and not packed yet, may be lost: sync with "
           "the devices that have it");
    }
    if (!salvaged_.has_all_refs) {
      lose("refs",
           "what branches and tags were called could not be read: heads/main and "
           "heads/recovered/ are of what was found");
    }
    if (salvaged_.has_draft || !salvaged_.has_all_settings) {
      lose("draft",
           salvaged_.has_draft ? "the draft is lost" : "a draft, where one was open, is lost");
    }
    if (!salvaged_.has_all_settings) {
      lose("settings", "remotes, and what else was set, could not all be read");
    }
    lose("reflog", "where refs stood before is not known any more");
  }

  void lose(const std::string& where, const std::string& problem) {
    result_.lost.push_back({where, problem});
  }

  const fs::path folder_;
  const Places places_;
  const RecoverOptions& options_;
  refs::Salvaged salvaged_;
  std::unordered_set<Id> ids_;  // of all objects
  Recovered result_;
};

}  // namespace

Recovered recover(const fs::path& folder, const RecoverOptions& options) {
  return Recovery(folder, options).run();
}

}  // namespace isodb
