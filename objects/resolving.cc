#include "objects/resolving.h"

#include <string>

#include "isodb/error.h"
#include "objects/pack.h"

namespace isodb::objects {
namespace {

/// Reading a base by id goes through any number of sources and back here, so what limits it is kept
/// by thread.
class Nesting {
 public:
  Nesting() { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  static unsigned depth() { return depth_; }

 private:
  static thread_local unsigned depth_;
};
thread_local unsigned Nesting::depth_ = 0;

}  // namespace

Object get_base(const ObjectSource& source, const Id& id) {
  const Nesting nesting;
  if (Nesting::depth() > kDeltaDepthLimit) {
    throw Error(ErrorCode::kCorrupt, "record: its chain of deltas does not end");
  }
  std::optional<Object> base = source.get(id);
  if (!base) {
    throw Error(ErrorCode::kCorrupt, "record: its base " + id.hex() + " is missing");
  }
  return std::move(*base);
}

void check_object_size(std::uint64_t payload_bytes) {
  if (payload_bytes <= kObjectBytesMax) return;
  throw Error(ErrorCode::kLimit, "an object of " + std::to_string(payload_bytes) +
                                     " bytes exceeds the " + std::to_string(kObjectBytesMax) +
                                     " allowed");
}

}  // namespace isodb::objects
