#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "isodb/entry.h"
#include "objects/tree.h"
#include "wire/element.h"

namespace isodb::sync {

/// Says and reads the paths of a commit's operations as places in the base tree (docs/protocol.md,
/// "Elements"). Both ends hold one, in the same state. One thread at a time.
class PathCoding {
 public:
  /// Where an operation stands. Plain value.
  struct Place {
    std::uint64_t rank = 0;  ///< entries of the base tree before it
    bool is_new = false;
    std::string path;
  };

  PathCoding(const objects::NodeReader& nodes, const TreeId& base);

  /// Fills in is_new, rank_gap, shared and rest.
  void encode(const std::string& path, bool is_new, wire::OperationElement& element);
  /// The inverse. Error(kCorrupt) for a place beyond the tree, or a path that is none or does not
  /// come after the last, or is not where its rank says.
  const Place& decode(const wire::OperationElement& element);

  /// Of the last operation; nullopt before the first.
  const std::optional<Place>& last() const { return last_; }
  void restore(std::optional<Place> last) { last_ = std::move(last); }

  /// The base tree's entry of this rank; nullptr beyond it. Valid until the next call.
  struct Old {
    std::string path;
    Entry entry;
  };
  const Old* old(std::uint64_t rank);
  std::uint64_t rank_of(const std::string& path) const;

 private:
  /// What a new path of this rank shares its beginning with. Valid until the next call of old().
  const std::string& path_before(std::uint64_t rank);

  objects::NodeReader nodes_;
  TreeId base_;
  std::uint64_t count_;
  objects::Cursor cursor_;
  std::optional<std::uint64_t> cursor_rank_;
  Old old_;
  std::optional<Place> last_;
};

}  // namespace isodb::sync
