#include "sync/side_repository.h"

#include <system_error>
#include <utility>

#include "isodb/bundle.h"
#include "objects/pack.h"
#include "repo/access.h"
#include "repo/commit_walk.h"
#include "sync/object_stream.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "mending";
constexpr const char* kLock = "lock";
constexpr const char* kRepository = "side";

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
  std::vector<CommitId> held;
  for (const CommitId& head : heads) {
    if (damaged.store->contains(head)) held.push_back(head);
  }
  if (held.empty()) return;
  std::vector<CommitId> commits;
  repo::CommitWalk walk(damaged, held);
  while (const auto item = walk.next()) commits.push_back(item->id);
  const std::shared_ptr<RepositoryState>& side = repo::Access::state(*repository_);
  objects::PackWriter writer(side->files, side->store->packs_folder(), nullptr);
  for (auto at = commits.rbegin(); at != commits.rend(); ++at) {
    try {
      ObjectStream objects(damaged, nullptr, damaged.erasures->now());
      objects.add_commit(*at, damaged.read_commit(*at));
      while (const std::optional<Id> id = objects.skip()) {
        const objects::Object object = damaged.read_object(*id);
        writer.put(object.type, object.payload);
      }
    } catch (const Error& error) {  // what builds on that cannot be had
      if (error.code() != ErrorCode::kCorrupt) throw;
    }
  }
  refs::WriteBatch batch;
  if (const auto made = writer.finish()) batch.packs_added.push_back(*made);
  side->database->write(batch);
}

}  // namespace isodb::sync
