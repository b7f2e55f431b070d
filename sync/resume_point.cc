#include "sync/resume_point.h"

#include <algorithm>

#include "core/hash.h"

namespace isodb::sync {

bool ResumePoint::is_of(const Commit& commit) const {
  return stamp == commit.stamp() &&
         std::equal(signature.begin(), signature.end(), commit.signature.bytes.begin());
}

void ObjectsTaken::add(const Id& id) {
  ++count;
  chain = core::sha256(Bytes(chain.bytes()) += id.bytes());
}

wire::ObjectsTaken ObjectsTaken::told() const {
  wire::ObjectsTaken told{count, {}};
  std::copy_n(chain.data(), told.chain_prefix.size(), told.chain_prefix.begin());
  return told;
}

bool ObjectsTaken::is_told_as(const wire::ObjectsTaken& told) const {
  return this->told() == told;
}

}  // namespace isodb::sync
