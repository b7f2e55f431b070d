#include "objects/source.h"

#include <string>

#include "isodb/error.h"

namespace isodb::objects {
namespace {

constexpr const char* kFsckHint = "run 'isodb fsck' to see what else is damaged";

}  // namespace

unsigned ObjectSource::depth(const Id&) const {
  return 0;
}

ObjectMissing::ObjectMissing(const Id& id)
    : Error(ErrorCode::kCorrupt, "object " + id.hex() + " is missing", kFsckHint), id_(id) {}

Bytes get_expected(const ObjectSource& source, const Id& id, ObjectType type) {
  std::optional<Object> object = source.get(id);
  if (!object) throw ObjectMissing(id);
  if (object->type != type) {
    throw Error(ErrorCode::kCorrupt,
                "object " + id.hex() + " is a " + std::string(object_type_name(object->type)) +
                    " instead of a " + std::string(object_type_name(type)),
                kFsckHint);
  }
  return std::move(object->payload);
}

}  // namespace isodb::objects
