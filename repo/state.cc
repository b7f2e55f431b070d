#include "repo/state.h"

#include <algorithm>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/care.h"
#include "repo/history_index.h"
#include "repo/key_file.h"
#include "repo/scope.h"

namespace isodb {

RepositoryState::RepositoryState(std::filesystem::path repository_folder,
                                 const OpenOptions& open_options,
                                 std::unique_ptr<refs::Database> open_database,
                                 core::Environment& clock_and_chance)
    : folder(std::move(repository_folder)),
      options(open_options),
      environment(clock_and_chance),
      files(core::posix_file_system()),
      database(std::move(open_database)),
      store(std::make_unique<refs::LocalStore>(*database, files, folder / kPacksName)),
      node_cache(std::make_unique<objects::NodeCache>(options.cache_bytes)),
      commits(std::make_unique<repo::CommitQueue>(*this)),
      merging(std::make_unique<repo::Merging>(*this)),
      erasures(std::make_unique<repo::Erasures>(*this)),
      held_contents(std::make_unique<repo::HeldContents>(*this)),
      history(std::make_unique<repo::HistoryIndex>(*this)) {
  const std::optional<std::string> root_text = database->setting(repo::kSettingRoot);
  const std::optional<std::string> writer_text = database->setting(repo::kSettingWriter);
  // Both are missing only while init() has not written its first commit.
  if (root_text) {
    const std::optional<Id> id = Id::from_hex(*root_text);
    if (!id) throw Error(ErrorCode::kCorrupt, folder.string() + ": the root's id is damaged");
    root = CommitId(*id);
  }
  if (writer_text) {
    const std::optional<WriterId> id = WriterId::from_hex(*writer_text);
    if (!id) throw Error(ErrorCode::kCorrupt, folder.string() + ": the writer's id is damaged");
    writer = *id;
  }
  reload_scope();
}

/// The thread that packs uses all of this.
RepositoryState::~RepositoryState() {
  store->stop_background();
}

std::shared_ptr<const Scope> RepositoryState::reload_scope() {
  auto read =
      std::make_shared<const Scope>(repo::parse_scope(database->setting(repo::kSettingScope)));
  scope_.store(read);
  return read;
}

repo::KeyFile RepositoryState::read_key_file() const {
  const std::filesystem::path path = folder / kKeyPath;
  if (!files.exists(path)) {
    throw Error(ErrorCode::kDenied, "there is no secret key in " + path.string(),
                "without it this copy can be read but not written; put the device's key back");
  }
  return repo::KeyFile::read(files, path, ErrorCode::kCorrupt);
}

const SecretKey& RepositoryState::key() const {
  const std::lock_guard lock(key_mutex_);
  if (keys_.empty()) {
    SecretKey key = read_key_file().open(options.passphrase);
    const std::lock_guard public_lock(public_mutex_);
    public_ = key.public_key();
    keys_.push_back(std::make_unique<const SecretKey>(std::move(key)));
  }
  return *keys_.back();
}

PublicKey RepositoryState::public_key() const {
  const std::lock_guard lock(public_mutex_);
  if (!public_) public_ = read_key_file().public_key();
  return *public_;
}

void RepositoryState::use_key(SecretKey key) {
  const std::lock_guard lock(key_mutex_);
  const std::lock_guard public_lock(public_mutex_);
  public_ = key.public_key();
  keys_.push_back(std::make_unique<const SecretKey>(std::move(key)));
}

Snapshot RepositoryState::snapshot(const Id& commit_or_merge) {
  const std::shared_ptr<const Head> read = head(commit_or_merge);
  return Snapshot(shared_from_this(), read->id, read->commits, read->tree);
}

Snapshot RepositoryState::snapshot_of_tree(const TreeId& tree) {
  return Snapshot(shared_from_this(), std::nullopt, {}, tree);
}

Commit RepositoryState::read_commit(const CommitId& id) const {
  const objects::Object object = read_object(id);
  if (object.type == ObjectType::kCommit) return objects::decode_commit(object.payload);
  throw Error(
      ErrorCode::kInvalid,
      id.short_hex() + " is a " + std::string(object_type_name(object.type)) + ", not a commit");
}

std::shared_ptr<const Head> RepositoryState::head(const Id& id) {
  if (std::shared_ptr<const Head> known = head_.load(); known && known->id == id) return known;
  objects::Object object = read_object(id);
  auto read = std::make_shared<Head>();
  read->id = id;
  read->type = object.type;
  if (object.type == ObjectType::kCommit) {
    const Commit commit = objects::decode_commit(object.payload);
    const auto computed = repo::computed_trees(*this, CommitId(id));
    read->tree = computed && store->contains(computed->tree) ? computed->tree : commit.tree;
    read->commits = {CommitId(id)};
    read->clock = commit.clock;
  } else if (object.type == ObjectType::kMerge) {
    Merge merge = objects::decode_merge(object.payload);
    read->tree = merge.tree;
    read->commits = std::move(merge.heads);
    for (const CommitId& commit : read->commits) {
      read->clock = std::max(read->clock, read_commit(commit).clock);
    }
  } else {
    throw Error(ErrorCode::kInvalid, id.short_hex() + " is a " +
                                         std::string(object_type_name(object.type)) +
                                         ", neither a commit nor a merge");
  }
  read->bytes = std::move(object.payload);
  remember_head(read);
  return read;
}

void RepositoryState::remember_head(std::shared_ptr<const Head> head) {
  head_.store(std::move(head));
}

ObjectType RepositoryState::type_of(const Id& id) const {
  if (const auto header = store->header(id)) return header->first;
  throw Error(ErrorCode::kNotFound, "there is no object " + id.hex());
}

objects::Object RepositoryState::read_object(const Id& id) const {
  if (std::optional<objects::Object> object = store->get(id)) return std::move(*object);
  throw Error(ErrorCode::kNotFound, "there is no object " + id.hex());
}

Id RepositoryState::peel_tags(Id id) const {
  for (unsigned depth = 0; type_of(id) == ObjectType::kTag; ++depth) {
    if (depth == kTagsOnTagsMax) {
      throw Error(ErrorCode::kCorrupt, "the tag " + id.hex() + " is named by more than " +
                                           std::to_string(kTagsOnTagsMax) + " tags of tags");
    }
    id = objects::decode_tag(read_object(id).payload).object;
  }
  return id;
}

std::string RepositoryState::branch() const {
  return database->setting(repo::kSettingBranch).value_or("heads/main");
}

void RepositoryState::pack_when_due() {
  store->pack_in_background({}, [this] { repo::care_when_due(*this); });
}

namespace repo {

objects::ContentRef content_ref(const Entry& entry) {
  return {entry.content, entry.kind, entry.size};
}

std::optional<objects::Object> OverlaySource::get(const Id& id) const {
  if (std::optional<objects::Object> object = upper_.get(id)) return object;
  return lower_.get(id);
}

bool OverlaySource::contains(const Id& id) const {
  return upper_.contains(id) || lower_.contains(id);
}

}  // namespace repo
}  // namespace isodb
