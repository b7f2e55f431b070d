#include "sync/side_repository.h"

#include <algorithm>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "isodb/bundle.h"
#include "objects/pack.h"
#include "repo/access.h"
#include "sync/object_stream.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "mending";
constexpr const char* kLock = "lock";
constexpr const char* kRepository = "side";

/// False where that met damage.
template <typename Work>
bool unless_damaged(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    return false;
  }
}

/// The heads and what is before them, each after its parents. Not repo::CommitWalk, which ends at
/// the first commit that cannot be read: here only the way through that one is lost.
std::vector<CommitId> readable_past(const RepositoryState& damaged,
                                    const std::vector<CommitId>& heads) {
  std::vector<std::pair<HybridTime, CommitId>> found;
  std::vector<CommitId> next = heads;
  std::unordered_set<Id> seen(heads.begin(), heads.end());
  while (!next.empty()) {
    const CommitId id = next.back();
    next.pop_back();
    unless_damaged([&] {
      if (!damaged.store->contains(id)) return;
      const Commit commit = damaged.read_commit(id);
      found.emplace_back(commit.clock, id);
      for (const CommitId& parent : commit.parents) {
        if (seen.insert(parent).second) next.push_back(parent);
      }
    });
  }
  std::ranges::sort(found);
  std::vector<CommitId> commits;
  for (const auto& [clock, id] : found) commits.push_back(id);
  return commits;
}

/// All of it that is intact; true where that is all there is.
bool copy_objects(const RepositoryState& damaged, ObjectStream& objects,
                  objects::PackWriter& writer) {
  bool is_whole = true;
  for (bool more = true; more;) {
    const bool is_intact = unless_damaged([&] {
      const std::optional<Id> id = objects.skip();
      more = id.has_value();
      if (!id) return;
      const objects::Object object = damaged.read_object(*id);
      writer.put(object.type, object.payload);
    });
    is_whole = is_whole && is_intact;
  }
  return is_whole;
}

/// What it has and its parents have not. Where these, or their trees, are damaged, nobody can tell
/// what that is: then all that it has.
void copy_commit(const RepositoryState& damaged, const CommitId& id, objects::PackWriter& writer) {
  unless_damaged([&] {
    const Commit commit = damaged.read_commit(id);
    ObjectStream news(damaged, nullptr, damaged.erasures->now());
    const bool has_parents = unless_damaged([&] { news.add_commit(id, commit); });
    if (has_parents && copy_objects(damaged, news, writer)) return;
    ObjectStream all(damaged, nullptr, damaged.erasures->now());
    all.add_alone(id);
    all.add(commit.tree);
    if (commit.base) all.add(*commit.base);
    if (commit.deleted) all.add(*commit.deleted);
    copy_objects(damaged, all, writer);
  });
}

}  // namespace

SideRepository::SideRepository(RepositoryState& damaged, const fs::path& bundle)
    : folder_(damaged.folder / kFolder) {
  const BundleInfo info = verify_bundle(bundle);
  if (info.repository != damaged.root) {
    throw Error(ErrorCode::kInvalid, bundle.string() + " is another repository's bundle");
  }
  damaged.files.create_directories(folder_);
  lock_ = core::try_lock_file(damaged.files, folder_ / kLock);
  if (!lock_) throw Error(ErrorCode::kBusy, "another program is mending this repository");
  const fs::path side = folder_ / kRepository;
  fs::remove_all(side);  // of a run that was interrupted
  repository_.emplace(Repository::init_empty(side, damaged.root));
  copy_past(damaged, info.prerequisites);
  try {
    ApplyOptions options;
    options.any_signer = true;  // hashes prove what is taken from here
    apply_bundle(*repository_, bundle, options);
  } catch (const Error& error) {
    error_ = error;  // what was whole before that is here
  }
}

SideRepository::~SideRepository() {
  repository_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

const objects::ObjectSource& SideRepository::store() const {
  return *repo::Access::state(*repository_)->store;
}

void SideRepository::copy_past(RepositoryState& damaged, const std::vector<CommitId>& heads) {
  const std::vector<CommitId> commits = readable_past(damaged, heads);
  if (commits.empty()) return;
  const std::shared_ptr<RepositoryState>& side = repo::Access::state(*repository_);
  objects::PackWriter writer(side->files, side->store->packs_folder(), nullptr);
  for (const CommitId& commit : commits) copy_commit(damaged, commit, writer);
  refs::WriteBatch batch;
  if (const auto made = writer.finish()) batch.packs_added.push_back(*made);
  side->database->write(batch);
}

}  // namespace isodb::sync
