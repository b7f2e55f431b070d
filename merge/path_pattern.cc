// Patterns of paths, in time O(pattern · path): where a wildcard fails, only the last one of its
// kind is tried again, one place further on, since what matched before it would match again.
#include <algorithm>

#include "core/utf8.h"
#include "merge/rules.h"

namespace isodb::merge {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::size_t next_character(std::string_view text, std::size_t at) {
  return at + std::max<std::size_t>(core::utf8_sequence_bytes(text.substr(at)), 1);
}

/// One segment: '*' is any run of characters, '?' one.
bool matches_segment(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = kNone, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t = next_character(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = retry = next_character(text, retry);
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

/// Where the segment that begins at `at` ends, and the next one begins; kNone after the last.
std::size_t segment_end(std::string_view path, std::size_t at) {
  return std::min(path.find('/', at), path.size());
}
std::size_t next_segment(std::string_view path, std::size_t at) {
  const std::size_t end = segment_end(path, at);
  return end == path.size() ? kNone : end + 1;
}
std::string_view segment(std::string_view path, std::size_t at) {
  return path.substr(at, segment_end(path, at) - at);
}

}  // namespace

bool matches_path(std::string_view pattern, std::string_view path) {
  std::size_t p = 0, t = 0, stars = kNone, retry = kNone;
  while (t != kNone) {
    if (p != kNone && segment(pattern, p) == "**") {
      p = next_segment(pattern, p);
      stars = p;
      retry = t;
      if (p == kNone) return true;
    } else if (p != kNone && matches_segment(segment(pattern, p), segment(path, t))) {
      p = next_segment(pattern, p);
      t = next_segment(path, t);
    } else if (retry != kNone) {
      retry = next_segment(path, retry);
      p = stars;
      t = retry;
    } else {
      return false;
    }
  }
  while (p != kNone && segment(pattern, p) == "**") p = next_segment(pattern, p);
  return p == kNone;
}

}  // namespace isodb::merge
