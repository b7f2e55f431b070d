#include "merge/line_diff.h"

#include <algorithm>
#include <unordered_map>

namespace isodb::merge {

namespace {

/// "4,2", or "4" where the count is one. An empty range is named by the line before it.
std::string range_text(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  std::string text = std::to_string(count == 0 ? begin : begin + 1);
  if (count != 1) text += "," + std::to_string(count);
  return text;
}

class HunkWriter {
 public:
  HunkWriter(const std::vector<ByteView>& before, const std::vector<ByteView>& after)
      : before_(before), after_(after) {}

  /// Changes `first`..`last` as one hunk with up to `context` equal lines around them.
  void write(std::vector<ChangedRange>::const_iterator first,
             std::vector<ChangedRange>::const_iterator last, std::size_t context) {
    const ChangedRange &head = *first, &tail = *(last - 1);
    const std::size_t lead = std::min(context, head.before_begin);
    const std::size_t trail = std::min(context, before_.size() - tail.before_end);
    out_ += "@@ -" + range_text(head.before_begin - lead, tail.before_end + trail) + " +" +
            range_text(head.after_begin - lead, tail.after_end + trail) + " @@\n";
    std::size_t at = head.before_begin - lead;
    for (auto change = first; change != last; ++change) {
      put(' ', before_, at, change->before_begin);
      put('-', before_, change->before_begin, change->before_end);
      put('+', after_, change->after_begin, change->after_end);
      at = change->before_end;
    }
    put(' ', before_, at, at + trail);
  }

  std::string take() { return std::move(out_); }

 private:
  void put(char mark, const std::vector<ByteView>& lines, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      out_ += mark;
      out_ += lines[i];
      if (!lines[i].ends_with('\n')) out_ += "\n\\ No newline at end of file\n";
    }
  }

  const std::vector<ByteView>&before_, &after_;
  std::string out_;
};

}  // namespace

std::vector<ByteView> split_lines(ByteView text) {
  std::vector<ByteView> lines;
  while (!text.empty()) {
    const std::size_t feed = text.find('\n');
    const std::size_t bytes = feed == ByteView::npos ? text.size() : feed + 1;
    lines.push_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return lines;
}

std::vector<ChangedRange> diff_lines(const std::vector<ByteView>& before,
                                     const std::vector<ByteView>& after) {
  std::unordered_map<ByteView, std::uint32_t> numbers;  // only looked up, never walked
  const auto symbols = [&numbers](const std::vector<ByteView>& lines) {
    std::vector<std::uint32_t> symbols;
    symbols.reserve(lines.size());
    for (const ByteView line : lines) {
      const auto number = static_cast<std::uint32_t>(numbers.size());
      symbols.push_back(numbers.try_emplace(line, number).first->second);
    }
    return symbols;
  };
  const auto symbols_before = symbols(before), symbols_after = symbols(after);
  return align(symbols_before, symbols_after);
}

std::string unified_diff(ByteView before, ByteView after, const UnifiedDiffOptions& options) {
  const auto lines_before = split_lines(before), lines_after = split_lines(after);
  const auto changes = diff_lines(lines_before, lines_after);
  HunkWriter writer(lines_before, lines_after);
  for (auto first = changes.begin(); first != changes.end();) {
    auto last = first + 1;
    while (last != changes.end() && last->before_begin - (last - 1)->before_end <=
                                        2 * std::min(options.context_lines, lines_before.size())) {
      ++last;
    }
    writer.write(first, last, options.context_lines);
    first = last;
  }
  return writer.take();
}

}  // namespace isodb::merge
