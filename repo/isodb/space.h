#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/repository.h"

namespace isodb {

/// What takes a repository's space on disk. A plain value.
struct SpaceOfKind {
  /// "blob" (documents, and what else is no more than bytes), "chunk" (of large documents), "list",
  /// "node", "commit", "merge", "tag"; then what is no object: "dictionary" and "index" of packs,
  /// "database" (repo.db besides the objects in it) and "history" (the history index).
  std::string kind;
  std::uint64_t objects = 0;      ///< records: an object that is held twice counts twice
  std::uint64_t bytes = 0;        ///< on disk
  std::uint64_t plain_bytes = 0;  ///< as they are when they are read; 0 for what is no object
};

/// The bytes on disk by kind, in the order above; kinds that there are none of are left out.
/// Reads the head of every record. Error(kCorrupt) for a damaged one. Thread-safe.
std::vector<SpaceOfKind> space_by_kind(const Repository& repository,
                                       const ProgressFunction& progress = {});

/// Documents below one prefix. A plain value.
struct SpaceOfPrefix {
  std::string prefix;  ///< ends in '/', or is a document's path
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;  ///< with their full size, whatever they share
};

/// The documents of a revision below `prefix` by the next segment of their paths, the largest
/// first: "" gives the first segments, "farm/" those below it. Errors as Repository::snapshot().
/// Thread-safe.
std::vector<SpaceOfPrefix> space_by_prefix(const Repository& repository, std::string_view revision,
                                           std::string_view prefix);

/// What Repository::collect() would free. A plain value.
struct Garbage {
  std::uint64_t objects = 0;  ///< that nothing would lead to
  std::uint64_t bytes = 0;    ///< of their records, and of what is held twice
  std::uint64_t moves = 0;    ///< of refs, that would be forgotten
};

/// Walks all that is kept, and changes nothing. `options`: as of the collection. Error(kCorrupt)
/// where something that is to be kept is missing. Thread-safe.
Garbage find_garbage(const Repository& repository, const Repository::CollectOptions& options = {},
                     const ProgressFunction& progress = {});

}  // namespace isodb
