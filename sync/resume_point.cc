#include "sync/resume_point.h"

#include <algorithm>

namespace isodb::sync {

bool ResumePoint::is_of(const Commit& commit) const {
  return stamp == commit.stamp() &&
         std::equal(signature.begin(), signature.end(), commit.signature.bytes.begin());
}

}  // namespace isodb::sync
