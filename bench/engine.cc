#include "bench/engine.h"

namespace isodb::bench {

const std::vector<EngineKind>& engine_kinds() {
  static const std::vector<EngineKind> kinds = {isodb_kind(),  lmdb_kind(),    rocksdb_kind(),
                                                sqlite_kind(), libgit2_kind(), git_kind()};
  return kinds;
}

}  // namespace isodb::bench
