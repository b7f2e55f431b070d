#include "isodb/error.h"
#include "objects/node_writer.h"
#include "objects/tree.h"

namespace isodb::objects {

TreeBuilder::TreeBuilder(ObjectSink& sink)
    : sink_(sink), levels_(std::make_unique<NodeStack>(sink, std::uint8_t{0})) {}

TreeBuilder::~TreeBuilder() = default;

void TreeBuilder::add(std::string_view path, const Entry& entry) {
  check_path(path);
  if (path <= last_path_) {  // the first path is above "", for no path is empty
    throw Error(ErrorCode::kInvalid, "paths for a tree are not in ascending order: '" +
                                         std::string(path) + "' after '" + last_path_ + "'");
  }
  last_path_ = path;
  levels_->add(path, entry);
}

TreeId TreeBuilder::finish() {
  if (const auto root = levels_->finish()) return TreeId(*root);
  return TreeId(sink_.put(ObjectType::kTree, encode_leaf({}, {})));
}

}  // namespace isodb::objects
