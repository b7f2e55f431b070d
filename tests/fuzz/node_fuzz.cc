// Any bytes as a tree node: refused, or the one encoding of what it says, in which each of its keys
// is found in its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/error.h"
#include "objects/node.h"

namespace {

using isodb::Bytes;
using isodb::Entry;
using isodb::Error;
using isodb::ErrorCode;
using isodb::objects::Child;
using isodb::objects::Node;

void demand(bool holds) {
  if (!holds) std::abort();
}

Bytes encoded_again(const Node& node, const std::vector<std::string>& keys) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  if (node.level() == 0) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < node.size(); ++i) entries.push_back(node.entry(i));
    return isodb::objects::encode_leaf(views, entries);
  }
  std::vector<Child> children;
  for (std::size_t i = 0; i < node.size(); ++i) children.push_back(node.child(i));
  return isodb::objects::encode_inner(node.level(), views, children);
}

void check(const Node& node) {
  std::vector<std::string> keys;
  std::uint64_t documents = 0;
  std::uint8_t flags = 0;
  for (std::size_t i = 0; i < node.size(); ++i) {
    keys.push_back(node.key(i));
    demand(node.find(keys.back()) == i && node.lower_bound(keys.back()) == i);
    demand(node.lower_bound(keys.back() + '\x01') == i + 1);
    demand(node.same_value(i, node, i));
    documents += node.level() == 0 ? 1 : node.child(i).count;
    flags |= node.flags(i);
  }
  demand(documents == node.documents() && flags == node.flags());
  demand(encoded_again(node, keys) == node.payload());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(Node(Bytes(reinterpret_cast<const char*>(data), size)));
  } catch (const Error& error) {
    demand(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported);
  }
  return 0;
}
