#include "exchange/git_names.h"

#include "refs/database.h"

namespace isodb::exchange {
namespace {

constexpr std::string_view kRefs = "refs/";

/// Calls `good` for each part between slashes until one is not.
template <typename Good>
bool all_segments(std::string_view path, Good good) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!good(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_git_ref_segment(std::string_view segment) {
  if (segment.empty() || segment.starts_with('.') || segment.ends_with('.') ||
      segment.ends_with(".lock") || segment.find("..") != std::string_view::npos ||
      segment.find("@{") != std::string_view::npos) {
    return false;
  }
  for (const char c : segment) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f ||
        std::string_view("~^:?*[\\").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_dot_git(std::string_view segment) {
  return segment.size() == 4 && segment[0] == '.' && (segment[1] | 0x20) == 'g' &&
         (segment[2] | 0x20) == 'i' && (segment[3] | 0x20) == 't';
}

}  // namespace

std::optional<std::string> ref_from_git(std::string_view name) {
  if (!name.starts_with(kRefs)) return std::nullopt;
  std::string own(name.substr(kRefs.size()));
  if (!refs::ref_name_problem(own).empty()) return std::nullopt;
  return own;
}

std::optional<std::string> ref_to_git(std::string_view name) {
  if (!all_segments(name, is_git_ref_segment)) return std::nullopt;
  return std::string(kRefs).append(name);
}

std::string git_path_problem(std::string_view path) {
  if (all_segments(path, [](std::string_view segment) { return !is_dot_git(segment); })) return {};
  return "has a '.git' segment";
}

}  // namespace isodb::exchange
