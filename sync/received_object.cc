#include "sync/received_object.h"

#include <optional>

#include "isodb/error.h"
#include "objects/chunker.h"
#include "objects/content.h"
#include "objects/node.h"

namespace isodb::sync {
namespace {

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, problem);
}

std::uint64_t size_limit(ObjectType type) {
  switch (type) {
    case ObjectType::kBlob:
      return objects::kChunkBytesMax;
    case ObjectType::kList:
    case ObjectType::kTree:
      return 256 * 1024;  // above what their formats allow
    case ObjectType::kCommit:
    case ObjectType::kTag:
      return objects::kObjectBytesMax;
    case ObjectType::kMerge:
      break;
  }
  fail("an object of a type that is not sent");
}

void expect_blob(const objects::ObjectSource& objects, const Id& id, std::uint64_t size) {
  if (objects::get_expected(objects, id, ObjectType::kBlob).size() != size) {
    fail("blob " + id.hex() + " is not of the size that names it");
  }
}

/// The list's level.
std::uint8_t expect_list(const objects::ObjectSource& objects, const Id& id, std::uint64_t size) {
  const objects::List list =
      objects::decode_list(objects::get_expected(objects, id, ObjectType::kList));
  if (list.size != size) fail("list " + id.hex() + " is not of the size that names it");
  return list.level;
}

void check_list(const objects::ObjectSource& objects, ByteView payload) {
  const objects::List list = objects::decode_list(payload);
  for (const objects::ListItem& item : list.items) {
    if (list.level == 0) {
      expect_blob(objects, item.id, item.size);
    } else if (expect_list(objects, item.id, item.size) + 1 != list.level) {
      fail("list " + item.id.hex() + " is not of the level below that of the list that names it");
    }
  }
}

/// Of inner nodes only that their children are there: a tree is verified as a whole.
void check_node(const objects::ObjectSource& objects, repo::HeldScope* scope,
                IncomingErased& erased, const Bytes& payload) {
  const auto is_erased = [&](const std::string& path, const Id& content) {
    if (!erased.may_lack(path, content) || objects.contains(content)) return false;
    erased.note_lacking(content);
    return true;
  };
  const objects::Node node(payload);
  for (std::size_t i = 0; i < node.size(); ++i) {
    if (node.level() > 0) {
      if (!objects.contains(node.id(i))) fail("tree node " + node.id(i).hex() + " is missing");
      continue;
    }
    const Entry entry = node.entry(i);
    const bool may_be_missing = scope != nullptr && !scope->surely_covers(node.key(i), entry.stamp);
    if (is_erased(node.key(i), entry.content)) {
      // A commit that came, or is to come, says so.
    } else if (may_be_missing && !objects.contains(entry.content)) {
      // Its signature says what it is.
    } else if (entry.kind == ContentKind::kBlob) {
      expect_blob(objects, entry.content, entry.size);
    } else {
      expect_list(objects, entry.content, entry.size);
    }
    if (entry.metadata && !is_erased(node.key(i), *entry.metadata))
      objects::get_expected(objects, *entry.metadata, ObjectType::kBlob);
  }
}

}  // namespace

ReceivedObject::ReceivedObject(const wire::ObjectElement& element)
    : type_(element.type), size_(element.size) {
  if (size_ > size_limit(type_)) {
    fail("a " + std::string(object_type_name(type_)) + " cannot have " + std::to_string(size_) +
         " bytes");
  }
}

void ReceivedObject::take(const wire::PieceElement& piece) {
  if (piece.bytes.size() > size_ - bytes_.size()) fail("pieces have more bytes than their object");
  bytes_ += piece.bytes;
}

Id ReceivedObject::store(objects::ObjectStore& objects, repo::HeldScope* scope,
                         IncomingErased& erased) const {
  if (type_ == ObjectType::kList) check_list(objects, bytes_);
  if (type_ == ObjectType::kTree) check_node(objects, scope, erased, bytes_);
  return objects.put(type_, bytes_);
}

}  // namespace isodb::sync
