#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/import_session.h"

namespace isodb::exchange {

/// Applies the path changes of one commit, one after the other, to a tree as git means them: a path
/// is a file or a folder, never both, so that writing "a/b" replaces a document "a" and writing "a"
/// replaces everything below "a/". What lies below ".isodb/" is neither seen nor touched. Memory:
/// the paths changed. One thread; borrows the tree through two functions.
class TreeEdit {
 public:
  struct Tree {
    std::function<std::optional<Entry>(std::string_view path)> find;
    /// Paths that begin with a prefix, in order, at most `limit`.
    std::function<std::vector<std::string>(std::string_view prefix, std::size_t limit)> list;
  };
  explicit TreeEdit(Tree tree) : tree_(std::move(tree)) {}

  std::optional<Entry> find(std::string_view path) const;
  void put(const std::string& path, const Entry& entry);
  /// Removes the document or everything below the folder; nothing happens when there is neither.
  void remove(const std::string& path);
  /// Copies a document or a folder; false when there is neither.
  bool copy(const std::string& from, const std::string& to);
  bool rename(const std::string& from, const std::string& to);
  /// Removes everything.
  void clear();

  /// What has to change in the tree, in path order, without what ends as it was.
  std::vector<ImportSession::Change> changes() const;

 private:
  std::vector<std::string> list(const std::string& prefix, std::size_t limit = SIZE_MAX) const;
  void make_room(const std::string& path);

  Tree tree_;
  std::map<std::string, std::optional<Entry>, std::less<>> changed_;
};

/// True when both are the same but for the stamp.
bool same_content(const Entry& a, const Entry& b);

}  // namespace isodb::exchange
