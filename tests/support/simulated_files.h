#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/file.h"

namespace isodb::testing {

/// Files in memory that fail on demand and forget at a power cut what was not synced, in the ways
/// that POSIX allows:
/// - of a file, bytes appended since its last sync() are kept up to any length, or are there as
///   zeros;
/// - of a folder, creations, renames and removals since its last sync_directory() are kept up to
///   any one of them, whatever was synced of the files themselves.
/// Folders themselves are never lost. Thread-safe. Files opened before a power cut must not be used
/// after it.
class SimulatedFiles final : public core::FileSystem {
 public:
  /// Operations that change something (create, append, sync, rename, remove, sync_directory) so
  /// far.
  std::uint64_t operations() const;
  /// Operation number `first` and all after it fail with `error_number`, an append after half its
  /// bytes.
  void fail_from(std::uint64_t first, int error_number);
  void fail_never();
  /// Loses what was not synced, as `random` has it.
  void cut_power(std::mt19937_64& random);

  std::unique_ptr<core::File> open(const std::filesystem::path& path, core::OpenMode mode) override;
  bool exists(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void create_directories(const std::filesystem::path& path) override;
  std::vector<std::string> list(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;

 private:
  friend class SimulatedFile;
  struct Content {
    Bytes bytes;
    std::size_t synced = 0;
    const void* locked_by = nullptr;
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;
  struct Change {
    std::optional<std::string> removed;
    std::optional<std::string> added;
    std::shared_ptr<Content> content;
  };
  struct Folder {
    Names synced;
    std::vector<Change> changes;  ///< since
    Names now() const;
  };

  static void apply(Names& names, const Change& change);
  Folder& folder_of(const std::filesystem::path& path, const char* operation);
  bool exists_locked(const std::filesystem::path& path);
  /// Counts an operation; throws when it is one that fails.
  void operate(const char* operation, const std::filesystem::path& path);

  mutable std::mutex mutex_;
  std::map<std::filesystem::path, Folder> folders_{{"/", {}}};
  std::uint64_t operations_ = 0;
  std::uint64_t fail_from_ = UINT64_MAX;
  int error_number_ = 0;
};

}  // namespace isodb::testing
