#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/bytes.h"
#include "merge/alignment.h"

namespace isodb::merge {

/// The lines of `text`, each with its line feed; the last may have none. "" has no lines.
std::vector<ByteView> split_lines(ByteView text);

/// The lines in which two texts differ, by align(). Lines are bytes: a carriage return or a missing
/// last line feed is a difference. Thread-safe.
std::vector<ChangedRange> diff_lines(const std::vector<ByteView>& before,
                                     const std::vector<ByteView>& after);

struct UnifiedDiffOptions {
  std::size_t context_lines = 3;  ///< equal lines shown around a change
};

/// The hunks of a unified diff: "@@ -a,b +c,d @@" and lines that begin with ' ', '-' or '+', as GNU
/// diff and git write them, "\ No newline at end of file" included; without the two lines that name
/// files. "" when the texts are equal. Changes up to 2 * context_lines equal lines apart share a
/// hunk.
std::string unified_diff(ByteView before, ByteView after, const UnifiedDiffOptions& options = {});

}  // namespace isodb::merge
