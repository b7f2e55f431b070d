#include "sync/incoming_erased.h"

#include <algorithm>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/erase_removal.h"
#include "repo/kept_objects.h"

namespace isodb::sync {
namespace {

/// What a ref is to name adds to what is erased.
void add_erased_of(const RepositoryState& repository, const objects::ObjectSource& objects,
                   const Id& target, merge::Erased& erased) {
  const std::optional<objects::Object> object = objects.get(target);
  if (!object) return;
  TreeId tree;
  if (object->type == ObjectType::kCommit) {
    tree = objects::decode_commit(object->payload).tree;
  } else if (object->type == ObjectType::kMerge) {
    tree = objects::decode_merge(object->payload).tree;
  } else {
    return;
  }
  erased.add(merge::Erased::in_tree({objects, *repository.node_cache}, tree));
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
}

void IncomingErased::tell(const std::vector<Id>& theirs) {
  here_ = repository_.erasures->now();
  allowed_.add(*here_);
  allowed_.add(merge::Erased(theirs));
  repository_.erasures->claim(theirs);
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
  merge::Erased erased = *repository_.erasures->now();
  for (const refs::RefMove& move : batch.moves) {
    const bool counts = move.name.starts_with("heads/") || move.name.starts_with("remotes/");
    if (counts && move.next) {
      add_erased_of(repository_, objects_, *move.next, erased);
    }
  }
  for (const Id& id : lacking_) {
    if (erased.has(id) || objects_.contains(id)) continue;
    throw Error(ErrorCode::kCorrupt,
                "the content " + id.hex() +
                    " was left out because it is erased, and no commit that came says so",
                "sync with a device that has it");
  }
  batch.settings.emplace_back(setting_, std::nullopt);
  // A crash from here on leaves the removal to be done.
  const merge::ErasedPtr before = repository_.erasures->now();
  const bool is_due = has_written_ || std::ranges::any_of(erased.ids(), [&](const Id& id) {
                        return !before->has(id) && objects_.contains(id);
                      });
  if (is_due) batch.settings.emplace_back(repo::kSettingErasePending, "1");
}

}  // namespace isodb::sync
