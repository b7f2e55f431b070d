#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "objects/tree.h"
#include "repo/import_changes.h"

namespace isodb::repo {

/// The trees around one imported commit.
struct ImportedTrees {
  TreeId applies_to;  ///< the changes are relative to this one: the first foreign parent's
  std::vector<TreeId> parents;  ///< of the parents that are not ancestors of another; at least one
};

/// What the commit itself writes, so that its state depends on no merging: against the first
/// parent's tree.
struct ImportedWrites {
  std::vector<std::uint32_t> places;  ///< of the changes that count, sorted by path
  std::vector<std::string> deleted;   ///< sorted
};

/// The rules of docs/format.md, "Imported histories". With one parent: every path whose document
/// the commit changes. With several: also every path in which the parents' entries differ, and
/// every path that a parent has and the result has not is deleted. Cost follows the differences.
/// What follows from the trees is added to `changes`.
ImportedWrites imported_writes(const objects::NodeReader& nodes, const ImportedTrees& trees,
                               ImportChanges& changes);

/// The changes at these places, as edit_tree_with() takes them. Borrows both.
class StampedChanges final : public objects::TreeChanges {
 public:
  StampedChanges(const ImportChanges& changes, std::span<const std::uint32_t> places,
                 const Stamp& stamp)
      : changes_(changes), places_(places), stamp_(stamp) {}
  std::size_t size() const override { return places_.size(); }
  std::string_view path(std::size_t i) const override { return changes_.path(places_[i]); }
  const Entry* entry(std::size_t i) const override;

 private:
  const ImportChanges& changes_;
  const std::span<const std::uint32_t> places_;
  const Stamp stamp_;
  mutable Entry entry_;  // the last one asked for
};

}  // namespace isodb::repo
