#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/file.h"
#include "repo/key_file.h"
#include "repo/state.h"

namespace isodb::repo {

/// The folder of a clone's keys, for one that changes it at a time. Borrows the state. One thread.
class KeyFolder {
 public:
  /// Removes what a crash left of a file that was being written: it may be a plain key.
  /// Error(kBusy) while another has it.
  explicit KeyFolder(RepositoryState& state);

  KeyFile current() const { return state_.read_key_file(); }
  void write_current(const KeyFile& key) const { key.write(current_path()); }

  /// The key of a rotation that is under way; in a file of its own beside the one in use.
  std::optional<KeyFile> next() const;
  void write_next(const KeyFile& key) const { key.write(next_path()); }
  /// The next key is the one in use from now on, and the old one is gone.
  void switch_to_next() const;

  static std::filesystem::path next_path(const RepositoryState& state);

 private:
  std::filesystem::path current_path() const { return state_.folder / RepositoryState::kKeyPath; }
  std::filesystem::path next_path() const { return next_path(state_); }

  RepositoryState& state_;
  std::unique_ptr<core::File> lock_;
};

}  // namespace isodb::repo
