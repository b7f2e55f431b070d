#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "refs/database.h"

namespace isodb::refs {

/// What could still be read of a repository's file.
struct Salvaged {
  std::vector<LooseRow> loose;  ///< in the order of their numbers
  std::vector<Ref> refs;        ///< without those that were deleted
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> packs;  ///< names of those that were registered
  bool has_draft = false;
  /// Each table was read to its end, and what is no row of it was not met.
  bool has_all_loose = false, has_all_refs = false, has_all_settings = false, has_all_packs = false;
};

/// Reads what can be read of a file that may be damaged anywhere, table by table, from the front
/// and, where that stops, from the back. Works on copies of the file and its log beside it, which
/// are removed: neither is written to. Whether objects are what their ids say is not looked at.
/// Never throws for damage: then there is less; Error(kIo) where the copy cannot be made.
Salvaged salvage(const std::filesystem::path& database);

}  // namespace isodb::refs
