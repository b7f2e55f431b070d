// Three texts cut at NULs: merging gives an untouched side's other side, equal sides back, the same
// whichever side is later but where it flags, no line that nobody wrote, and loses none unflagged.
#include <cstdlib>
#include <set>

#include "merge/line_diff.h"
#include "merge/text_merge.h"
#include "tests/fuzz/three_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using isodb::merge::merge_text;
using isodb::merge::MergedText;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// Without their line feeds: one that had none gets one where others follow.
std::set<std::string_view> lines_of(std::string_view text) {
  std::set<std::string_view> lines;
  for (std::string_view line : isodb::merge::split_lines(text)) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    lines.insert(line);
  }
  return lines;
}

bool has_all_new(const MergedText& merged, std::string_view base, std::string_view side) {
  const auto old = lines_of(base), there = lines_of(merged.text);
  for (const std::string_view line : lines_of(side)) {
    if (!old.contains(line) && !there.contains(line)) return false;
  }
  return true;
}

void check_untouched(std::string_view base, std::string_view side) {
  for (const MergedText& merged :
       {merge_text(base, base, side), merge_text(base, side, base), merge_text(base, side, side)}) {
    demand(merged.text == side && !merged.conflict);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [base, left, right] = isodb::fuzz::three_parts(data, size);
  check_untouched(base, left);
  check_untouched(base, right);
  const auto merged = merge_text(base, left, right);
  const auto swapped = merge_text(base, right, left);
  demand(merged.conflict == swapped.conflict);
  demand(merged.conflict || merged.text == swapped.text);
  demand(has_all_new(merged, base, right));
  demand(merged.conflict || has_all_new(merged, base, left));
  auto known = lines_of(base);
  known.merge(lines_of(left));
  known.merge(lines_of(right));
  for (const std::string_view line : lines_of(merged.text)) demand(known.contains(line));
  demand(merged.text.size() <= base.size() + left.size() + right.size() + 2);
  check_untouched(left, merged.text);
  return 0;
}
