#include "isodb/describe.h"

#include "isodb/entry.h"
#include "objects/content.h"
#include "objects/node.h"

namespace isodb {
namespace {

std::string flags_text(std::uint8_t flags) {
  std::string text;
  if ((flags & kFlagMerged) != 0) text += " merged";
  if ((flags & kFlagConflict) != 0) text += " conflict";
  if ((flags & kFlagErased) != 0) text += " erased";
  return text;
}

std::string describe_leaf(const objects::Node& node) {
  std::string text = "leaf, " + std::to_string(node.size()) + " documents\n";
  for (std::size_t i = 0; i < node.size(); ++i) {
    const Entry entry = node.entry(i);
    text += entry.kind == ContentKind::kList ? "list " : "blob ";
    text += entry.content.hex() + " " + std::to_string(entry.size) + " " +
            (entry.media_type.empty() ? "-" : entry.media_type) + " " + entry.stamp.clock.text() +
            " " + entry.stamp.writer.hex();
    if (entry.metadata) text += " metadata " + entry.metadata->hex();
    text += flags_text(entry.flags) + " " + node.key(i) + "\n";
  }
  return text;
}

std::string describe_inner(const objects::Node& node) {
  std::string text = "inner node of level " + std::to_string(node.level()) + ", " +
                     std::to_string(node.documents()) + " documents below " +
                     std::to_string(node.size()) + " nodes\n";
  for (std::size_t i = 0; i < node.size(); ++i) {
    const objects::Child child = node.child(i);
    text += "tree " + child.id.hex() + " " + std::to_string(child.count) + flags_text(child.flags) +
            " " + node.key(i) + "\n";
  }
  return text;
}

std::string describe_list(ByteView payload) {
  const objects::List list = objects::decode_list(payload);
  std::string text = "list of level " + std::to_string(list.level) + ", " +
                     std::to_string(list.size) + " bytes in " + std::to_string(list.items.size()) +
                     " parts\n";
  for (const objects::ListItem& item : list.items) {
    text += (list.level == 0 ? "blob " : "list ") + item.id.hex() + " " +
            std::to_string(item.size) + "\n";
  }
  return text;
}

}  // namespace

std::string describe_object(ObjectType type, ByteView payload) {
  if (type == ObjectType::kList) return describe_list(payload);
  if (type != ObjectType::kTree) return std::string(payload);
  const objects::Node node{Bytes(payload)};
  return node.level() == 0 ? describe_leaf(node) : describe_inner(node);
}

}  // namespace isodb
