#include "merge/text_merge.h"

#include <algorithm>
#include <span>
#include <vector>

#include "merge/hunks.h"
#include "merge/line_diff.h"

namespace isodb::merge {

namespace {

using Lines = std::span<const ByteView>;

Lines slice(const std::vector<ByteView>& lines, const Hunk::Range& range) {
  return Lines(lines).subspan(range.begin, range.count());
}

bool same(Lines a, Lines b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void append(Bytes& text, Lines lines) {
  // A last line without its line feed must not run into what another side put after it.
  if (!lines.empty() && !text.empty() && text.back() != '\n') text += '\n';
  for (const ByteView line : lines) text += line;
}

}  // namespace

MergedText merge_text(ByteView base, ByteView left, ByteView right) {
  if (left == right || left == base) return {Bytes(right), false};
  if (right == base) return {Bytes(left), false};
  const auto b = split_lines(base), l = split_lines(left), r = split_lines(right);
  MergedText merged;
  std::size_t kept = 0;
  for (const Hunk& hunk : make_hunks(diff_lines(b, l), diff_lines(b, r))) {
    append(merged.text, slice(b, {kept, hunk.base.begin}));
    kept = hunk.base.end;
    const Lines in_base = slice(b, hunk.base), in_left = slice(l, hunk.left),
                in_right = slice(r, hunk.right);
    if (same(in_left, in_base) || same(in_left, in_right)) {
      append(merged.text, in_right);
    } else if (same(in_right, in_base)) {
      append(merged.text, in_left);
    } else {
      if (in_base.empty()) append(merged.text, in_left);  // both only inserted: both are kept
      append(merged.text, in_right);
      merged.conflict = true;
    }
  }
  append(merged.text, slice(b, {kept, b.size()}));
  return merged;
}

}  // namespace isodb::merge
