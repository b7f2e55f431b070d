#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "objects/pack.h"
#include "refs/database.h"

namespace isodb::refs {

class Connection;

/// A whole repository in one file: its database with the packs in it (docs/storage.md, "Backups").
/// One thread at a time. Error(kIo) and Error(kCorrupt) with the file's name.
class BackupFile {
 public:
  /// Makes the file, with what the database holds now, while others write; not durable before
  /// seal(). Error(kInvalid) when it is there.
  static BackupFile create(Database& database, const std::filesystem::path& path);
  /// A sealed one. Error(kNotFound); Error(kInvalid) for a file that is no backup;
  /// Error(kUnsupported) for a newer version's.
  static BackupFile open(const std::filesystem::path& path);
  BackupFile(BackupFile&&) noexcept;
  ~BackupFile();

  /// The packs that the database in the file names.
  std::vector<objects::PackInfo> packs();
  /// "" where it is not in the file.
  std::string secret_key();
  std::uint64_t at_millis();

  /// `count` is told the bytes of each portion that was copied.
  using Counted = std::function<void(std::uint64_t bytes)>;
  void add_pack(const objects::PackInfo& pack, core::File& file, const Counted& count);
  /// Makes a whole of it: what was added before is durable when it returns.
  void seal(const std::string& secret_key, std::uint64_t at_millis);

  /// Writes the pack's bytes to an empty file, without syncing it.
  void copy_pack(const objects::PackInfo& pack, core::File& to, const Counted& count);
  /// Fills the database of a repository that is being made with what this one holds.
  void copy_database(const std::filesystem::path& to);

 private:
  BackupFile(std::filesystem::path path, std::unique_ptr<Connection> connection);

  std::filesystem::path path_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace isodb::refs
