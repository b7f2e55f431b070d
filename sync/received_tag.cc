#include "sync/received_tag.h"

#include <optional>
#include <string>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/state.h"

namespace isodb::sync {

bool check_received_tag(const objects::ObjectSource& objects, const CommitId& root,
                        const Bytes& bytes) {
  Tag tag = objects::decode_tag(bytes);
  const std::string name = "the tag '" + tag.name + "'";
  if (!objects::tag_signature_holds(tag, root)) {
    throw Error(ErrorCode::kUnverified, "the signature of " + name + " does not hold");
  }
  for (unsigned depth = 1;; ++depth) {
    const std::optional<objects::Object> object = objects.get(tag.object);
    if (!object && depth == 1) return false;
    if (!object || object->type != tag.type) {
      throw Error(ErrorCode::kCorrupt, name + " names what is not here");
    }
    if (tag.type != ObjectType::kTag) return true;
    if (depth == RepositoryState::kTagsOnTagsMax) {
      throw Error(ErrorCode::kCorrupt, name + " has more than " +
                                           std::to_string(RepositoryState::kTagsOnTagsMax) +
                                           " tags of tags below it");
    }
    tag = objects::decode_tag(object->payload);
  }
}

}  // namespace isodb::sync
