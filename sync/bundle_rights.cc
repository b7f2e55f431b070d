#include "sync/bundle_rights.h"

#include <optional>
#include <vector>

#include "isodb/error.h"
#include "merge/authority.h"
#include "repo/not_held.h"

namespace isodb::sync {
namespace {

bool may_write(RepositoryState& repository, const TreeId& tree, const objects::ObjectSource& source,
               const PublicKey& key) {
  const merge::Authority authority({source, *repository.node_cache},
                                   [&] { return repository.read_commit(repository.root).author; });
  const std::optional<merge::Member> member = authority.member(tree, key);
  return member && !member->revoked && member->role != merge::Role::kReader;
}

}  // namespace

bool may_sign_bundle(RepositoryState& repository, Incoming& incoming, const wire::Agreement& theirs,
                     const PublicKey& signer) {
  if (signer == repository.public_key()) return true;
  objects::ObjectStore& objects = incoming.objects();
  std::vector<CommitId> heads;
  if (const std::optional<Id> own = repository.database->ref(repository.branch())) {
    heads = repository.head(*own)->commits;
    if (!theirs.contains(repository.branch())) {
      return may_write(repository, repository.head(*own)->tree, objects, signer);
    }
  }
  // Where this repository has no branch yet, any of the bundle's has the members.
  const bool has_own = !heads.empty();
  for (const auto& [name, ids] : theirs) {
    const bool counts = !has_own ? name.starts_with("heads/") : name == repository.branch();
    if (!counts) continue;
    for (const Id& id : ids) {
      if (objects.contains(id)) heads.emplace_back(id);
    }
  }
  if (heads.empty()) return false;
  try {
    return may_write(repository, repository.merging->state(heads, objects).tree, objects, signer);
  } catch (const ContentNotHeld&) {
    // Partial, and what it takes to merge is not here: as this repository stands.
    const std::optional<Id> own = repository.database->ref(repository.branch());
    return own && may_write(repository, repository.head(*own)->tree, objects, signer);
  }
}

}  // namespace isodb::sync
