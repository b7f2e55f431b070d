#include "repo/key_protection.h"

#include "isodb/device_key.h"
#include "isodb/error.h"
#include "repo/access.h"
#include "repo/key_folder.h"

namespace isodb {
namespace {

/// Two files cannot be written at once, and each would be under a passphrase of its own.
void refuse_while_rotating(const repo::KeyFolder& folder) {
  if (!folder.next()) return;
  throw Error(ErrorCode::kInvalid, "this key is being rotated",
              "'isodb key rotate' ends that; then the new key can be protected");
}

}  // namespace

namespace repo {

void protect_key(RepositoryState& state, const Passphrase& passphrase, const core::KeyCost& cost) {
  const KeyFolder folder(state);
  refuse_while_rotating(folder);
  const SecretKey key = folder.current().open(state.options.passphrase);
  folder.write_current(KeyFile::sealed(key, passphrase, cost));
}

}  // namespace repo

DeviceKey device_key(const Repository& repository) {
  const RepositoryState& state = *repo::Access::state(repository);
  const repo::KeyFile file = state.read_key_file();
  DeviceKey result{file.public_key(), file.is_protected(), std::nullopt};
  const std::filesystem::path next = repo::KeyFolder::next_path(state);
  if (state.files.exists(next)) {
    result.next = repo::KeyFile::read(state.files, next, ErrorCode::kCorrupt).public_key();
  }
  return result;
}

void protect_key(Repository& repository, const Passphrase& passphrase) {
  repo::protect_key(*repo::Access::state(repository), passphrase, {});
}

void unprotect_key(Repository& repository) {
  RepositoryState& state = *repo::Access::state(repository);
  const repo::KeyFolder folder(state);
  refuse_while_rotating(folder);
  const repo::KeyFile file = folder.current();
  if (!file.is_protected()) return;
  folder.write_current(repo::KeyFile::plain(file.open(state.options.passphrase)));
}

}  // namespace isodb
