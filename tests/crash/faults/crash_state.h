#pragma once

#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/crash/faults/system_calls.h"

namespace isodb::testing {

/// Follows calls and says what a power cut may leave, in the ways that POSIX allows:
/// - of a file, any of the changes since its last sync, each write as a whole or some of its
///   sectors of 512 bytes;
/// - of a folder, creations, renames and removals since its last sync up to any one of them.
/// Folders themselves are never lost.
class CrashStates {
 public:
  /// `before`: a copy of the folder as it was when watching began, taken for durable.
  explicit CrashStates(const std::filesystem::path& before);

  void follow(const DiskCall& call);
  /// The highest number that was acknowledged so far; 0 for none.
  std::uint64_t acknowledged() const { return acknowledged_; }

  enum class Kept { kNothing, kSome, kAll };  ///< of what was not synced
  /// Writes one such state into `folder`, which is removed before.
  void write(const std::filesystem::path& folder, Kept kept, std::mt19937_64& random) const;

 private:
  using Change = std::variant<Written, Truncated>;
  struct File {
    Bytes synced;
    std::vector<Change> changes;  ///< since
  };
  using Names = std::map<std::string, FileNumber>;  // by path
  struct NameChange {
    std::string removed, added;  ///< paths; "": none
    FileNumber file = 0;
  };

  static void apply(Bytes& content, const Change& change, Kept kept, std::mt19937_64& random);
  static void apply(Names& names, const NameChange& change);
  /// Which file has this name, synced or not.
  FileNumber file_now(const std::string& path) const;

  std::set<std::filesystem::path> folders_;
  Names synced_names_;
  std::map<std::string, std::vector<NameChange>> name_changes_;  // by folder, since its last sync
  std::map<FileNumber, File> files_;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace isodb::testing
