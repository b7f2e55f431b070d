#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isodb::exchange {

/// What import and export count, and what they left out.
struct Skipped {
  std::string what;  ///< a path, a file, or "line 7"
  std::string problem;
};
/// Reports name at most this many of what was left out.
inline constexpr std::size_t kSkippedReported = 1000;

/// A key made fit to be the last segment of a path: bytes that a segment may not hold ("/", control
/// characters), "%" itself, and all of "." and ".." become %XX. Different keys give different
/// segments.
std::string key_segment(std::string_view key);

/// The prefix of what lies below a folder: "" for everything, else ending in "/". Error(kInvalid)
/// for a prefix that no path can have, or one below ".isodb/".
std::string folder_prefix(std::string_view prefix);

/// Empty when documents can be written at `path` from outside; otherwise the rule it breaks.
std::string imported_path_problem(std::string_view path);

/// True for ".isodb" and what lies below it.
bool is_governed(std::string_view path);

}  // namespace isodb::exchange
