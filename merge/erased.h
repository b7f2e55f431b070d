#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isodb/entry.h"
#include "isodb/id.h"
#include "objects/tree.h"

namespace isodb::merge {

/// Below this, a document says that a content is erased: the one that its name is the id of.
inline constexpr std::string_view kErasedPrefix = ".isodb/erased/";

std::string erased_path(const Id& content);
/// The content whose erasure a path says; nullopt for a path that says none.
std::optional<Id> erased_by(std::string_view path);

/// The contents that are erased in some set of commits (docs/merge.md, "Erased contents"): their
/// documents are never taken back, so that the tree of the set lists them. A plain value; no more
/// than their ids.
class Erased {
 public:
  Erased() = default;
  /// Ascending, none twice.
  explicit Erased(std::vector<Id> ids) : ids_(std::move(ids)) {}
  /// Those whose documents the tree holds. O(log n + their number).
  static Erased in_tree(const objects::NodeReader& nodes, const TreeId& tree);

  bool empty() const { return ids_.empty(); }
  const std::vector<Id>& ids() const { return ids_; }  ///< ascending
  bool has(const Id& content) const;
  /// The entry's content, or its metadata.
  bool touches(const Entry& entry) const;
  void add(const Erased& others);

  friend bool operator==(const Erased&, const Erased&) = default;

 private:
  std::vector<Id> ids_;
};
using ErasedPtr = std::shared_ptr<const Erased>;

}  // namespace isodb::merge
