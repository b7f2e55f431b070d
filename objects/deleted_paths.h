#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "isodb/bytes.h"

namespace isodb::objects {

/// A commit's deleted list is not longer; encode_deleted_paths() makes none that is.
inline constexpr std::size_t kDeletedListBytesMax = std::size_t{64} << 20;

/// decode_deleted_paths() part by part, so that nothing is read behind the first fault: a list
/// object is short and may name one chunk very often. Error(kCorrupt) for what is no path or out of
/// order. One thread at a time.
class DeletedPathsDecoder {
 public:
  void add(ByteView part);
  /// Once, after the last part.
  std::vector<std::string> finish();

 private:
  std::vector<std::string> paths_;
  Bytes rest_;  // of a path whose line feed is to come
};

}  // namespace isodb::objects
