#include "isodb/error.h"
#include "objects/tree.h"

namespace isodb::objects {
namespace {

struct Found {
  NodePtr leaf;
  std::size_t index;
};

std::optional<Found> find_path(const NodeReader& nodes, const Id& root, std::string_view path) {
  NodePtr node = nodes.node(root);
  while (node->level() > 0) {
    const std::size_t i = node->lower_bound(path);
    if (i == node->size()) return std::nullopt;
    node = nodes.child(*node, i);
  }
  const std::size_t i = node->find(path);
  if (i == node->size()) return std::nullopt;
  return Found{std::move(node), i};
}

}  // namespace

NodePtr NodeReader::child(const Node& parent, std::size_t i) const {
  const Id id = parent.id(i);
  NodePtr found = node(id);
  // Falling levels keep a forged tree from containing itself; no child is empty.
  if (found->level() + 1 != parent.level() || found->size() == 0) {
    throw Error(ErrorCode::kCorrupt, "tree " + id.hex() + " is not of the level below its parent",
                "run fsck; fetch it again from a peer that has it");
  }
  return found;
}

std::optional<Entry> find_entry(const NodeReader& nodes, const TreeId& root,
                                std::string_view path) {
  const auto found = find_path(nodes, root, path);
  if (!found) return std::nullopt;
  return found->leaf->entry(found->index);
}

std::optional<ContentRef> find_content(const NodeReader& nodes, const TreeId& root,
                                       std::string_view path) {
  const auto found = find_path(nodes, root, path);
  if (!found) return std::nullopt;
  return found->leaf->content(found->index);
}

std::vector<std::optional<Entry>> find_entries(const NodeReader& nodes, const TreeId& root,
                                               std::span<const std::string_view> paths) {
  std::vector<std::optional<Entry>> entries(paths.size());
  Cursor cursor(nodes, root);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (i > 0 && paths[i] < paths[i - 1]) {
      throw Error(ErrorCode::kInvalid, "the paths to look up are not in ascending order");
    }
    cursor.seek(paths[i]);
    if (!cursor.valid()) break;
    if (cursor.path() == paths[i]) entries[i] = cursor.entry();
  }
  return entries;
}

std::uint64_t count_documents(const NodeReader& nodes, const TreeId& root) {
  return nodes.node(root)->documents();
}

std::uint64_t rank_of(const NodeReader& nodes, const TreeId& root, std::string_view path) {
  std::uint64_t before = 0;
  for (NodePtr node = nodes.node(root);;) {
    const std::size_t here = node->lower_bound(path);
    if (node->level() == 0) return before + here;
    for (std::size_t i = 0; i < here; ++i) before += node->child(i).count;
    if (here == node->size()) return before;
    node = nodes.child(*node, here);
  }
}

}  // namespace isodb::objects
