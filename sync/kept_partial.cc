#include "sync/kept_partial.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "repo/kept_objects.h"

namespace isodb::sync {

std::string keep_partial(objects::ObjectStore& objects, const PartialCommit& partial) {
  std::vector<Id> ids{objects.put(ObjectType::kBlob, encode_partial_commit(partial))};
  const std::vector<Id> named = partial.named();
  ids.insert(ids.end(), named.begin(), named.end());
  return repo::kept_objects_text(ids);
}

std::optional<PartialCommit> read_kept_partial(const objects::ObjectSource& objects,
                                               const std::string& setting) {
  try {
    const std::vector<Id> kept = repo::parse_kept_objects(setting);
    if (kept.empty()) return std::nullopt;
    PartialCommit partial =
        decode_partial_commit(objects::get_expected(objects, kept.front(), ObjectType::kBlob));
    std::vector<Id> needed = partial.named();
    needed.insert(needed.end(), partial.commit.parents.begin(), partial.commit.parents.end());
    const bool all_there =
        std::ranges::all_of(needed, [&](const Id& id) { return objects.contains(id); });
    return all_there ? std::optional(std::move(partial)) : std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported) throw;
    return std::nullopt;
  }
}

}  // namespace isodb::sync
