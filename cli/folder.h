#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/snapshot.h"
#include "isodb/transaction.h"

namespace isodb::cli {

/// What stands directly in a folder: a document, or a folder ("path" ends in '/') of documents.
struct FolderItem {
  std::string path;
  std::optional<Entry> entry;  ///< nullopt for a folder
};

/// Calls `take` for each item directly in `folder` ("" or "a/b/") whose name begins with `name`, in
/// order, until it returns false. A folder's documents are skipped over, not read.
void list_folder(const Snapshot& snapshot, std::string_view folder, std::string_view name,
                 const std::function<bool(const FolderItem&)>& take);

/// "a/b/" of "a/b/c.json"; "" for a path without '/'.
std::string_view folder_of(std::string_view path);
/// "c.json" of "a/b/c.json".
std::string_view name_of(std::string_view path);
/// `path` with one '/' at its end; "" stays.
std::string as_folder(std::string_view path);

/// True when documents lie below `folder` (ending in '/').
bool is_folder(Transaction& transaction, const std::string& folder);

/// Error(kNotFound) for a path that `snapshot` does not hold, with names near it as hint, or that
/// it is a folder.
[[noreturn]] void throw_no_document(const Snapshot& snapshot, std::string_view path);

}  // namespace isodb::cli
