#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "refs/database.h"

namespace isodb::refs {

class Connection;
class SqliteTransaction;

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

/// Keeps everybody from writing to a repository's file, from construction to destruction, so that
/// what is salvaged is all there is when another file takes its place. Changes neither the file nor
/// its log. Error(kBusy) while somebody writes. Where the file is damaged so far that SQLite opens
/// it for nobody, or cannot be written, it keeps nobody from anything.
class WriteBlock {
 public:
  explicit WriteBlock(const std::filesystem::path& database);
  ~WriteBlock();
  WriteBlock(const WriteBlock&) = delete;
  WriteBlock& operator=(const WriteBlock&) = delete;

 private:
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<SqliteTransaction> transaction_;
};

}  // namespace isodb::refs
