#include "repo/key_folder.h"

#include <string>

#include "isodb/error.h"

namespace isodb::repo {

namespace fs = std::filesystem;

KeyFolder::KeyFolder(RepositoryState& state) : state_(state) {
  const fs::path folder = current_path().parent_path();
  lock_ = core::try_lock_file(state.files, folder / "lock");
  if (!lock_) {
    throw Error(ErrorCode::kBusy, "another program is changing the key in " + folder.string(),
                "wait for it");
  }
  for (const std::string& name : state.files.list(folder)) {
    if (name.find(".tmp-") != std::string::npos) state.files.remove(folder / name);
  }
}

std::optional<KeyFile> KeyFolder::next() const {
  if (!state_.files.exists(next_path())) return std::nullopt;
  return KeyFile::read(state_.files, next_path(), ErrorCode::kCorrupt);
}

void KeyFolder::switch_to_next() const {
  state_.files.rename(next_path(), current_path());
  state_.files.sync_directory(current_path().parent_path());
}

fs::path KeyFolder::next_path(const RepositoryState& state) {
  return state.folder / (std::string(RepositoryState::kKeyPath) + ".next");
}

}  // namespace isodb::repo
