#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/json.h"
#include "isodb/bytes.h"

namespace isodb::merge {

/// Where the values and names of a parsed JSON text stand in it. Borrows the text, not the tree.
/// One thread at a time. O(bytes + values · log values) to make.
class JsonSpans {
 public:
  struct Span {
    std::size_t begin = 0, end = 0;
  };
  /// `root` is what parse_json(text) gave.
  JsonSpans(ByteView text, const core::Json& root);

  /// Of a value or a member's name in the tree, by its address.
  Span of(const core::Json& value) const;
  ByteView text_of(const core::Json& value) const;
  ByteView text() const { return text_; }

 private:
  void skip_space();
  void walk(const core::Json& value);

  ByteView text_;
  std::size_t at_ = 0;
  std::vector<std::pair<const core::Json*, Span>> spans_;  // by address, only looked up
};

}  // namespace isodb::merge
