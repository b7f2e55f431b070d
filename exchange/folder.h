#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "exchange/paths.h"
#include "isodb/repository.h"

namespace isodb::exchange {

struct FolderImportOptions {
  std::string prefix = {};        ///< folder of the documents
  bool mirror = false;            ///< removes documents below the prefix that are not in the folder
  bool skip_unsupported = false;  ///< leaves out files whose names no path can have
  std::uint64_t batch = 0;        ///< documents a commit; 0: all in one
  Bytes message = {};
  ProgressFunction progress = {};  ///< counts files
};

struct FolderReport {
  std::uint64_t documents = 0, bytes = 0, removed = 0;
  std::vector<CommitId> commits;
  std::uint64_t skipped_count = 0;
  std::vector<Skipped> skipped;  ///< symbolic links, unreadable files, …: the first ones
};

/// Puts every regular file below `folder` as a document at its path, hidden files too, in the same
/// order every time; the media type goes by the file's extension. Symbolic links, what is no
/// regular file, what may not be read and the repository's own folder are left out and reported.
/// Large files are streamed. Error(kUnsupported) for a name that no path can have.
FolderReport import_folder(Repository& repository, const std::filesystem::path& folder,
                           const FolderImportOptions& options = {});

struct FolderExportOptions {
  std::string prefix = {};  ///< only documents below this folder; it is not repeated
  bool overwrite = false;   ///< the target may hold files; those of the same names are replaced
  bool skip_unsupported = false;   ///< leaves out documents that cannot be files
  ProgressFunction progress = {};  ///< counts documents
};

/// Writes every document below the prefix as a file below `folder`, which is made. Metadata is not
/// carried. Never follows a symbolic link below `folder`. Error(kInvalid) when it holds anything,
/// Error(kUnsupported) for a path that is a document and a folder at once.
FolderReport export_folder(const Snapshot& snapshot, const std::filesystem::path& folder,
                           const FolderExportOptions& options = {});

}  // namespace isodb::exchange
