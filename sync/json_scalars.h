#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "isodb/bytes.h"
#include "wire/element.h"

namespace isodb::sync {

/// Finds the scalars of a text one after the other (docs/protocol.md, "Elements"): by bytes alone,
/// so that any text has some and no two readers can disagree. O(bytes) for all of them. Borrows the
/// text.
class ScalarScanner {
 public:
  explicit ScalarScanner(ByteView text) : text_(text) {}

  struct Span {
    std::size_t begin = 0, end = 0;
  };
  std::optional<Span> next();

 private:
  ByteView text_;
  std::size_t at_ = 0;
};

/// What VALUES makes of `base` to get `result`: nullopt unless they differ in scalars alone, and in
/// no more than `values_max`.
std::optional<std::vector<wire::ReplacedValue>> replaced_values(ByteView base, ByteView result,
                                                                std::size_t values_max);

/// The inverse. Error(kCorrupt) for more scalars than there are, or a result of more than
/// `bytes_max`.
Bytes replace_values(ByteView base, const std::vector<wire::ReplacedValue>& values,
                     std::size_t bytes_max);

}  // namespace isodb::sync
