#include "isodb/repository.h"

#include <algorithm>

#include "isodb/error.h"
#include "merge/members.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/pack.h"
#include "repo/creation.h"
#include "repo/erase_removal.h"
#include "repo/erasures.h"
#include "repo/not_held.h"
#include "repo/revision.h"
#include "repo/state.h"
#include "repo/transaction_impl.h"

namespace isodb {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRepositoryDocument = ".isodb/repository.json";

refs::Database::Options database_options(const OpenOptions& options) {
  return {.busy_millis = options.busy_millis, .read_only = options.read_only};
}

Entry small_document(objects::ObjectSink& sink, ByteView json, const Stamp& stamp) {
  const objects::ContentRef content = objects::write_content(sink, json);
  Entry entry;
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  entry.media_type = "application/json";
  entry.stamp = stamp;
  return entry;
}

/// The root: signed by the first member, whom it makes admin, for a repository id of zeros. Its
/// clock is zero, because what is imported below it may be older than the repository.
CommitId write_root(refs::LooseBatch& batch, const objects::NodeReader& nodes, const SecretKey& key,
                    const std::string& name, WriterId writer, std::uint64_t now_millis) {
  Commit root;
  root.writer = writer;
  root.sequence = 1;
  root.message = "isodb init";
  const PublicKey& author = key.public_key();
  merge::Member member{name.empty() ? author.fingerprint() : name, author, merge::Role::kAdmin, {}};
  std::vector<objects::TreeChange> changes;
  changes.push_back({merge::member_path(author),
                     small_document(batch, merge::member_document(member), root.stamp())});
  const std::string about = "{\"created\":" + std::to_string(now_millis) + ",\"format\":1}\n";
  changes.push_back({std::string(kRepositoryDocument), small_document(batch, about, root.stamp())});
  root.tree = objects::edit_tree(nodes, batch, objects::empty_tree_id(), changes);
  objects::sign_commit(root, key, Id{});
  return CommitId(batch.put(ObjectType::kCommit, objects::encode_commit(root)));
}

repo::NewKey new_key(const InitOptions& options, const PassphraseFunction& passphrase) {
  repo::NewKey key;
  if (options.protect) key.protect = passphrase;
  if (options.protect && !options.passphrase) {
    throw Error(ErrorCode::kInvalid, "a key cannot be protected without a passphrase");
  }
  if (options.key_file) {
    key.given = repo::KeyFile::read(core::posix_file_system(), *options.key_file);
  }
  return key;
}

}  // namespace

Repository Repository::init(const fs::path& folder, const InitOptions& options) {
  const std::string branch = "heads/" + options.branch;
  if (const std::string problem = refs::ref_name_problem(branch); !problem.empty()) {
    throw Error(ErrorCode::kInvalid, "no branch name: '" + options.branch + "': " + problem);
  }
  const PassphraseFunction passphrase = repo::asked_once(options.passphrase);
  const auto fill = [&](refs::Database& database, const repo::KeyFile& key_file) {
    const SecretKey key = key_file.open(passphrase);
    core::Environment& environment = core::system_environment();
    const refs::LocalStore store(database, core::posix_file_system(),
                                 folder / RepositoryState::kPacksName);
    objects::NodeCache cache(1 << 20);
    refs::LooseBatch batch(store);
    const WriterId writer = repo::make_writer(environment);
    const std::uint64_t now = environment.now_millis();
    const CommitId root =
        write_root(batch, objects::NodeReader(batch, cache), key, options.name, writer, now);
    refs::WriteBatch write;
    write.loose.push_back(batch.take());
    write.moves.push_back({branch, std::nullopt, root, "init"});
    write.settings = {{repo::kSettingRoot, root.hex()},
                      {repo::kSettingWriter, writer.hex()},
                      {repo::kSettingBranch, branch}};
    write.sequence_next = 1;
    write.writer = key.public_key().fingerprint();
    write.at_millis = now;
    database.write(write);
  };
  repo::make_repository(folder, new_key(options, passphrase), fill);
  return open(folder, {.passphrase = passphrase});
}

Repository Repository::init_empty(const fs::path& folder, const CommitId& root,
                                  const InitOptions& options) {
  const PassphraseFunction passphrase = repo::asked_once(options.passphrase);
  repo::make_empty_repository(folder, root, "heads/" + options.branch,
                              new_key(options, passphrase));
  return open(folder, {.passphrase = passphrase});
}

Repository Repository::open(const fs::path& folder, const OpenOptions& options) {
  const fs::path database = folder / RepositoryState::kDatabaseName;
  if (!core::posix_file_system().exists(database)) {
    throw Error(ErrorCode::kNotFound, "there is no repository in " + folder.string(),
                "isodb init makes one");
  }
  auto state = std::make_shared<RepositoryState>(
      folder, options, refs::Database::open(database, database_options(options)));
  if (state->root.is_zero()) {
    throw Error(ErrorCode::kCorrupt, database.string() + " does not name the repository's root");
  }
  // An import that was killed may have left gigabytes.
  if (!options.read_only) {
    objects::remove_stale_temporaries(state->files, state->store->packs_folder());
    // As a removal that was interrupted would: what is erased is not to lie here any longer.
    if (state->database->setting(repo::kSettingErasePending)) {
      repo::try_removal(*state, repo::RemovalPatience::kNone);
    }
  }
  // Where anything ever was erased, reading is held against it from the beginning.
  const auto has_setting = [&](const char* name) {
    return state->database->setting(name).has_value();
  };
  if (has_setting(repo::kSettingErasePending) || has_setting(repo::kSettingEraseDone) ||
      has_setting(repo::kSettingEraseRemoved)) {
    state->erasures->now();
  }
  return Repository(std::move(state));
}

std::optional<fs::path> Repository::discover(const fs::path& start) {
  for (fs::path folder = fs::absolute(start).lexically_normal();; folder = folder.parent_path()) {
    for (const fs::path& candidate : {folder, folder / ".isodb"}) {
      std::error_code unknown;  // what cannot be looked into is not meant
      if (fs::exists(candidate / RepositoryState::kDatabaseName, unknown)) return candidate;
    }
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

Repository::Repository(std::shared_ptr<RepositoryState> state) : state_(std::move(state)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

const fs::path& Repository::folder() const {
  return state_->folder;
}
CommitId Repository::id() const {
  return state_->root;
}
WriterId Repository::writer() const {
  return state_->writer;
}
PublicKey Repository::public_key() const {
  return state_->public_key();
}
Scope Repository::scope() const {
  return *state_->reload_scope();
}

Id Repository::resolve(std::string_view revision) const {
  try {
    return repo::resolve_revision(*state_, revision);
  } catch (const Error& error) {
    const std::optional<Id> content = Id::from_hex(revision);
    if (error.code() != ErrorCode::kNotFound || !content) throw;
    repo::explain_absence(*state_, {}, *content);
    throw;
  }
}

CommitId Repository::resolve_commit(std::string_view revision) const {
  const Id id = state_->peel_tags(resolve(revision));
  const ObjectType type = state_->type_of(id);
  if (type == ObjectType::kCommit) return CommitId(id);
  const bool merge = type == ObjectType::kMerge;
  throw Error(ErrorCode::kInvalid,
              "'" + std::string(revision) + "' names a " + std::string(object_type_name(type)) +
                  ", not a commit",
              merge ? "isodb show " + std::string(revision) + " lists the commits it merges" : "");
}

std::vector<CommitId> Repository::resolve_heads(std::string_view revision) const {
  return state_->head(state_->peel_tags(resolve(revision)))->commits;
}

Snapshot Repository::snapshot(std::string_view revision) const {
  const Id id = state_->peel_tags(resolve(revision));
  if (state_->type_of(id) == ObjectType::kTree) {
    return state_->snapshot_of_tree(TreeId(id));
  }
  return state_->snapshot(id);
}

Snapshot Repository::snapshot_of(const Id& commit_or_merge) const {
  return state_->snapshot(commit_or_merge);
}
Commit Repository::commit(const CommitId& id) const {
  return state_->read_commit(id);
}

Tag Repository::tag(const TagId& id) const {
  const objects::Object object = state_->read_object(id);
  if (object.type != ObjectType::kTag) {
    throw Error(ErrorCode::kInvalid, id.short_hex() + " is not a tag");
  }
  return objects::decode_tag(object.payload);
}

ObjectType Repository::object_type(const Id& id) const {
  return state_->type_of(id);
}
Bytes Repository::object(const Id& id) const {
  if (std::optional<objects::Object> object = state_->store->get(id)) {
    return std::move(object->payload);
  }
  repo::check_held(*state_, {}, id);
  return state_->read_object(id).payload;
}
std::string Repository::current_branch() const {
  return state_->branch();
}

void Repository::set_current_branch(const std::string& branch_ref) {
  if (!branch_ref.starts_with("heads/") || !ref(branch_ref)) {
    throw Error(ErrorCode::kNotFound, "there is no branch '" + branch_ref + "'",
                "isodb branch lists the branches");
  }
  set_setting(repo::kSettingBranch, branch_ref);
}

Transaction Repository::begin(const std::string& branch_ref) {
  const std::string branch = branch_ref.empty() ? current_branch() : branch_ref;
  state_->erasures->now();  // which writing is held against
  const std::optional<Id> head = state_->database->ref(branch);
  if (!head) {
    throw Error(ErrorCode::kNotFound, "there is no branch '" + branch + "'",
                "isodb branch lists the branches");
  }
  return Transaction(std::make_unique<Transaction::Impl>(state_, branch, state_->snapshot(*head)));
}

std::optional<Id> Repository::ref(const std::string& name) const {
  return state_->database->ref(name);
}

std::vector<RefInfo> Repository::refs(const std::string& prefix) const {
  std::vector<RefInfo> result;
  for (const refs::Ref& ref : state_->database->refs(prefix)) {
    result.push_back({ref.name, ref.target, state_->type_of(ref.target)});
  }
  return result;
}

Repository::SwapResult Repository::move_ref(const std::string& name,
                                            const std::optional<Id>& expected,
                                            const std::optional<Id>& next,
                                            const std::string& reason) {
  if (const std::string problem = refs::ref_name_problem(name); !problem.empty()) {
    throw Error(ErrorCode::kInvalid, "no ref name: '" + name + "': " + problem);
  }
  refs::WriteBatch batch;
  // Read before anything is believed to exist: a collection after it is noticed.
  batch.collection_generation = state_->store->collection_generation();
  if (next) {
    const ObjectType type = state_->type_of(*next);
    if (name.starts_with("heads/") && type != ObjectType::kCommit && type != ObjectType::kMerge) {
      throw Error(ErrorCode::kInvalid, "a branch names a commit or a merge, and " +
                                           next->short_hex() + " is a " +
                                           std::string(object_type_name(type)));
    }
    if (name.starts_with("heads/")) {
      repo::expect_removal_by(*state_, state_->nodes(), state_->head(*next)->tree, batch);
    }
  }
  batch.moves.push_back({name, expected, next, reason});
  batch.writer = state_->public_key().fingerprint();
  batch.at_millis = state_->environment.now_millis();
  for (;;) {
    const refs::Database::WriteResult result = state_->database->write(batch);
    if (!result.lost) {
      if (!batch.settings.empty()) repo::try_removal(*state_, repo::RemovalPatience::kWaits);
      return {true, next};
    }
    if (!result.lost->name.empty()) return {false, result.lost->actual};
    // A collection ran in between: what `next` names may be gone.
    state_->store->refresh();
    batch.collection_generation = state_->store->collection_generation();
    if (next) state_->type_of(*next);
  }
}

std::vector<ReflogItem> Repository::reflog(const std::string& ref_name, std::size_t limit) const {
  std::vector<ReflogItem> items;
  for (refs::ReflogEntry& entry : state_->database->reflog(ref_name, limit)) {
    items.push_back({entry.number, std::move(entry.name), entry.before, entry.after,
                     entry.at_millis, std::move(entry.writer), std::move(entry.reason)});
  }
  return items;
}

TagId Repository::create_tag(const std::string& name, const Id& target, const Bytes& message) {
  const std::string ref_name = "tags/" + name;
  if (const std::string problem = refs::ref_name_problem(ref_name); !problem.empty()) {
    throw Error(ErrorCode::kInvalid, "no tag name: '" + name + "': " + problem);
  }
  Id named = target;
  for (unsigned depth = 1; state_->type_of(named) == ObjectType::kTag; ++depth) {
    if (depth == RepositoryState::kTagsOnTagsMax) {
      throw Error(
          ErrorCode::kLimit,
          "a tag of a tag of a tag: more than " + std::to_string(RepositoryState::kTagsOnTagsMax),
          "tag what the tag names");
    }
    named = objects::decode_tag(state_->read_object(named).payload).object;
  }
  for (;;) {
    refs::LooseBatch objects(*state_->store);
    Tag tag;
    tag.object = target;
    tag.type = state_->type_of(target);
    tag.name = name;
    tag.message = message;
    tag.clock = core::next_time({}, state_->environment.now_millis());
    objects::sign_tag(tag, state_->key(), state_->root);
    const TagId id(objects.put(ObjectType::kTag, objects::encode_tag(tag)));
    refs::WriteBatch batch;
    batch.collection_generation = objects.collection_generation();
    batch.loose.push_back(objects.take());
    batch.moves.push_back({ref_name, std::nullopt, id, "tag"});
    batch.writer = tag.author.fingerprint();
    batch.at_millis = tag.clock.millis();
    const refs::Database::WriteResult result = state_->database->write(batch);
    if (!result.lost) return id;
    if (!result.lost->name.empty()) {
      throw Error(ErrorCode::kInvalid, "the tag '" + name + "' exists already",
                  "delete it first: isodb tag -d " + name);
    }
    state_->store->refresh();  // a collection ran in between: the target may be gone
  }
}

std::optional<std::string> Repository::setting(const std::string& key) const {
  return state_->database->setting(key);
}

void Repository::set_setting(const std::string& key, const std::optional<std::string>& value) {
  if (key == repo::kSettingRoot || key == repo::kSettingWriter) {
    throw Error(ErrorCode::kInvalid, "the setting '" + key + "' is not to be changed",
                "it says which repository and which clone this is");
  }
  refs::WriteBatch batch;
  batch.settings.emplace_back(key, value);
  state_->database->write(batch);
}

std::vector<std::pair<std::string, std::string>> Repository::settings() const {
  return state_->database->settings();
}

}  // namespace isodb
