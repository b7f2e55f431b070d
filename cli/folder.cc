#include "cli/folder.h"

#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {

void list_folder(const Snapshot& snapshot, std::string_view folder, std::string_view name,
                 const std::function<bool(const FolderItem&)>& take) {
  const std::string prefix = std::string(folder) + std::string(name);
  std::optional<DocumentCursor> cursor(snapshot.documents(prefix));
  while (cursor->valid()) {
    const std::string path = cursor->path();
    const std::size_t slash = path.find('/', folder.size());
    if (slash == std::string::npos) {
      if (!take({path, cursor->entry()})) return;
      cursor->next();
      continue;
    }
    if (!take({path.substr(0, slash + 1), std::nullopt})) return;
    // '0' follows '/': the first path behind everything in that folder.
    const std::string behind = path.substr(0, slash) + '0';
    cursor.reset();
    cursor.emplace(snapshot.documents(prefix, behind));
  }
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash + 1);
}

std::string_view name_of(std::string_view path) {
  return path.substr(folder_of(path).size());
}

std::string as_folder(std::string_view path) {
  std::string folder(path);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return folder;
}

bool is_folder(Transaction& transaction, const std::string& folder) {
  if (transaction.empty()) return transaction.snapshot().documents(folder).valid();
  return !transaction.list(folder).empty();
}

void throw_no_document(const Snapshot& snapshot, std::string_view path) {
  constexpr std::size_t kCandidatesMax = 2000;
  const std::string text(path);
  if (snapshot.documents(as_folder(path)).valid()) {
    throw Error(ErrorCode::kNotFound, text + " is a folder, not a document",
                "list it with 'isodb ls " + text + "'");
  }
  const std::string_view folder = folder_of(path);
  std::vector<std::string> candidates;
  list_folder(snapshot, folder, "", [&](const FolderItem& item) {
    candidates.push_back(item.path.substr(folder.size()));
    return candidates.size() < kCandidatesMax;
  });
  std::vector<std::string> names = nearest(name_of(path), candidates);
  for (std::string& name : names) name.insert(0, folder);
  throw Error(ErrorCode::kNotFound, "no document " + text, did_you_mean(names));
}

}  // namespace isodb::cli
