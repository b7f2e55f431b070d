#include "objects/deleted_paths.h"

#include <utility>

#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::objects {

void DeletedPathsDecoder::add(ByteView part) {
  while (!part.empty()) {
    const std::size_t end = part.find('\n');
    rest_ += part.substr(0, end);
    const bool is_whole = end != ByteView::npos;
    const bool good = is_whole
                          ? path_problem(rest_).empty() && (paths_.empty() || paths_.back() < rest_)
                          : rest_.size() <= kPathBytesMax;
    if (!good) {
      throw Error(ErrorCode::kCorrupt,
                  "a list of deleted paths is damaged after line " + std::to_string(paths_.size()));
    }
    if (!is_whole) return;
    paths_.push_back(std::exchange(rest_, {}));
    part.remove_prefix(end + 1);
  }
}

std::vector<std::string> DeletedPathsDecoder::finish() {
  if (!rest_.empty()) {
    throw Error(ErrorCode::kCorrupt,
                "a list of deleted paths is damaged after line " + std::to_string(paths_.size()));
  }
  if (paths_.empty()) throw Error(ErrorCode::kCorrupt, "a list of deleted paths is empty");
  return std::move(paths_);
}

}  // namespace isodb::objects
