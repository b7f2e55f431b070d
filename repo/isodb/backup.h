#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "isodb/id.h"
#include "isodb/key.h"
#include "isodb/repository.h"

namespace isodb {

struct BackupOptions {
  /// Whether the file is to hold the device's secret key. Without it, what is restored has a new
  /// key, which an admin has to let in before it can write.
  bool with_key = true;
  ProgressFunction progress;  ///< bytes
};

/// What is known of a backup. A plain value.
struct BackupInfo {
  std::filesystem::path file;
  std::uint64_t bytes = 0;      ///< of the file
  std::uint64_t at_millis = 0;  ///< when it was made
  CommitId repository;
  PublicKey key;  ///< of the device that made it
  bool with_key = false;
};

/// Writes all of a repository into one file: objects, refs, reflog, settings and draft as they are
/// at one moment, while other threads and processes write. The file, of mode 0600, is there whole
/// and durable when this returns, or not at all. Thread-safe.
/// Error(kInvalid) when the file exists; Error(kCorrupt) for a damaged pack, which is named;
/// Error(kBusy) when others replaced packs ten times meanwhile; Error(kIo).
BackupInfo back_up(const Repository& repository, const std::filesystem::path& file,
                   const BackupOptions& options = {});

/// Makes a repository in `folder`, which is empty or not there yet, of what a backup holds. It is a
/// new clone for all that others see, with a writer id of its own, for the device that was backed
/// up may live and have gone on; and the same key, or a new one where the file has none. What was
/// interrupted can be run again. Each pack's checksum is checked; Repository::fsck() checks all.
/// Errors as Repository::init(); Error(kNotFound) where there is no such file, Error(kInvalid) for
/// one that is no backup, Error(kCorrupt) for a damaged one, Error(kUnsupported) for a newer one.
BackupInfo restore(const std::filesystem::path& file, const std::filesystem::path& folder,
                   const ProgressFunction& progress = {});

}  // namespace isodb
