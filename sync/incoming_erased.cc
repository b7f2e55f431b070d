#include "sync/incoming_erased.h"

#include <algorithm>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/erase_removal.h"
#include "repo/kept_objects.h"

namespace isodb::sync {
namespace {

/// What a ref is to name says is erased.
merge::Erased erased_by(const RepositoryState& repository, const objects::ObjectSource& objects,
                        const Id& target) {
  const std::optional<objects::Object> object = objects.get(target);
  if (!object) return {};
  TreeId tree;
  if (object->type == ObjectType::kCommit) {
    tree = objects::decode_commit(object->payload).tree;
  } else if (object->type == ObjectType::kMerge) {
    tree = objects::decode_merge(object->payload).tree;
  } else {
    return {};
  }
  return merge::Erased::in_tree({objects, *repository.node_cache}, tree);
}

}  // namespace

IncomingErased::IncomingErased(RepositoryState& repository, objects::ObjectStore& objects,
                               const PublicKey& peer)
    : repository_(repository),
      objects_(objects),
      setting_(std::string(repo::kSettingEraseClaims) + peer.fingerprint()),
      here_(repository.erasures->now()),
      allowed_(*here_),
      dropping_(objects, here_) {
  const std::optional<std::string> text = repository.database->setting(setting_);
  if (!text) return;
  const std::vector<Id> lacking = repo::parse_kept_objects(*text);
  lacking_.insert(lacking.begin(), lacking.end());
  claim({});
}

void IncomingErased::claim(merge::Erased said) {
  said.add(merge::Erased({lacking_.begin(), lacking_.end()}));
  claimed_ = std::make_shared<const merge::Erased>(std::move(said));
  repository_.erasures->claim(claimed_);
}

void IncomingErased::tell(const std::vector<Id>& theirs) {
  here_ = repository_.erasures->now();
  allowed_.add(*here_);
  allowed_.add(merge::Erased(theirs));
  claim(merge::Erased(theirs));
}

Id IncomingErased::Dropping::put(ObjectType type, ByteView payload, const objects::PutHint& hint) {
  if (!erased_->empty()) {
    const Id id = core::object_id(type, payload);
    if (erased_->has(id)) return id;
  }
  return below_.put(type, payload, hint);
}

objects::ObjectStore& IncomingErased::contents_of(std::string_view path) {
  if (path.starts_with(kGovernedPrefix)) return objects_;
  return dropping_;
}

void IncomingErased::keep(refs::WriteBatch& batch) const {
  std::optional<std::string> text;
  if (!lacking_.empty()) {
    const std::vector<Id> ids(lacking_.begin(), lacking_.end());
    text = repo::kept_objects_text(ids);
  }
  batch.settings.emplace_back(setting_, text);
}

void IncomingErased::finish(refs::WriteBatch& batch) {
  const merge::ErasedPtr before = repository_.erasures->now();
  merge::Erased here = *before, anywhere = *repository_.erasures->anywhere();
  for (const refs::RefMove& move : batch.moves) {
    const bool is_branch = move.name.starts_with("heads/");
    if (!move.next || (!is_branch && !move.name.starts_with("remotes/"))) continue;
    const merge::Erased said = erased_by(repository_, objects_, *move.next);
    anywhere.add(said);
    if (is_branch) here.add(said);
  }
  for (const Id& id : lacking_) {
    if (anywhere.has(id) || objects_.contains(id)) continue;
    throw Error(ErrorCode::kCorrupt,
                "the content " + id.hex() +
                    " was left out because it is erased, and no commit that came says so",
                "sync with a device that has it");
  }
  batch.settings.emplace_back(setting_, std::nullopt);
  keep_fetched(here, batch);
  // A crash from here on leaves the removal to be done.
  const bool is_due = has_written_ || std::ranges::any_of(here.ids(), [&](const Id& id) {
                        return !before->has(id) && objects_.contains(id);
                      });
  if (is_due) batch.settings.emplace_back(repo::kSettingErasePending, "1");
}

/// What branches of remotes alone say is erased is missing here when they are gone, too.
void IncomingErased::keep_fetched(const merge::Erased& here, refs::WriteBatch& batch) const {
  const std::string name = setting_ + ".fetched";
  std::set<Id> fetched;
  if (const std::optional<std::string> text = repository_.database->setting(name)) {
    const std::vector<Id> before = repo::parse_kept_objects(*text);
    fetched.insert(before.begin(), before.end());
  }
  const std::size_t count = fetched.size();
  std::ranges::copy_if(lacking_, std::inserter(fetched, fetched.end()),
                       [&](const Id& id) { return !here.has(id) && !objects_.contains(id); });
  if (fetched.size() == count) return;
  const std::vector<Id> ids(fetched.begin(), fetched.end());
  batch.settings.emplace_back(name, repo::kept_objects_text(ids));
}

}  // namespace isodb::sync
