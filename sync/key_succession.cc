#include "sync/key_succession.h"

#include <exception>
#include <optional>

#include "merge/members.h"

namespace isodb::sync {
namespace {

constexpr int kRotationsMax = 64;  // documents could go round

std::optional<merge::Member> member(const Snapshot& snapshot, const PublicKey& key) {
  const std::string path = merge::member_path(key);
  const std::optional<Bytes> document = snapshot.get(path);
  return document ? merge::member_at(path, *document) : std::nullopt;
}

/// Of the current branch; nullopt where it has no commit.
std::optional<Snapshot> snapshot_of(RepositoryState& repository) {
  const std::optional<Id> head = repository.database->ref(repository.branch());
  if (!head) return std::nullopt;
  return repository.snapshot(*head);
}

}  // namespace

bool has_succeeded(RepositoryState& repository, const PublicKey& known,
                   const PublicKey& shown) noexcept {
  try {
    const std::optional<Snapshot> snapshot = snapshot_of(repository);
    if (!snapshot) return false;
    std::optional<merge::Member> heir = member(*snapshot, shown);
    if (!heir || heir->revoked) return false;
    for (int i = 0; i < kRotationsMax && heir && heir->replaces; ++i) {
      if (*heir->replaces == known) return true;
      heir = member(*snapshot, *heir->replaces);
    }
    return false;
  } catch (const std::exception&) {
    return false;
  }
}

bool is_member(RepositoryState& repository, const PublicKey& key) noexcept {
  try {
    const std::optional<Snapshot> snapshot = snapshot_of(repository);
    if (!snapshot) return false;
    const std::optional<merge::Member> found = member(*snapshot, key);
    return found && !found->revoked;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace isodb::sync
