#include "objects/source.h"

#include <string>

#include "isodb/error.h"

namespace isodb::objects {

unsigned ObjectSource::depth(const Id&) const {
  return 0;
}

Bytes get_expected(const ObjectSource& source, const Id& id, ObjectType type) {
  std::optional<Object> object = source.get(id);
  const auto fail = [&](const std::string& problem) {
    throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " " + problem,
                "run 'isodb fsck' to see what else is damaged");
  };
  if (!object) fail("is missing");
  if (object->type != type) {
    fail("is a " + std::string(object_type_name(object->type)) + " instead of a " +
         std::string(object_type_name(type)));
  }
  return std::move(object->payload);
}

}  // namespace isodb::objects
