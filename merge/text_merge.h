#pragma once

#include "isodb/bytes.h"

namespace isodb::merge {

struct MergedText {
  Bytes text;
  bool conflict = false;  ///< both sides changed the same lines
};

/// Merges two sides' changes of a text by lines (docs/merge.md, "The text fold's step"); `right` is
/// the later side. Time and memory as align(). Thread-safe.
MergedText merge_text(ByteView base, ByteView left, ByteView right);

}  // namespace isodb::merge
