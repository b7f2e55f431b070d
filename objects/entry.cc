#include "isodb/entry.h"

#include "core/utf8.h"
#include "isodb/error.h"

namespace isodb {
namespace {

/// A path in an error message: cut short, and with nothing that a terminal would act on.
std::string quoted(std::string_view path) {
  constexpr std::size_t kShownMax = 80;
  std::string shown = core::replace_invalid_utf8(path.substr(0, kShownMax));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  for (std::size_t at = 0; (at = shown.find('\xc2', at)) != std::string::npos; ++at) {
    if (static_cast<unsigned char>(shown[at + 1]) < 0xa0) shown.replace(at, 2, "?");
  }
  return "'" + shown + (path.size() > kShownMax ? "...'" : "'");
}

/// C0, DEL, and C1 (which UTF-8 writes as c2 80 to c2 9f). `text` is UTF-8.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string segment_problem(std::string_view path) {
  for (std::size_t start = 0;;) {
    const std::size_t slash = path.find('/', start);
    const std::string_view segment = path.substr(start, slash - start);
    if (segment.empty()) return "has an empty segment";
    if (segment == "." || segment == "..") return "has a '.' or '..' segment";
    if (slash == std::string_view::npos) return {};
    start = slash + 1;
  }
}

}  // namespace

std::string path_problem(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kPathBytesMax) return "is longer than 1024 bytes";
  if (!core::is_utf8(path)) return "is not UTF-8";
  if (has_control_character(path)) return "has a control character";
  return segment_problem(path);
}

void check_path(std::string_view path) {
  const std::string problem = path_problem(path);
  if (problem.empty()) return;
  throw Error(ErrorCode::kInvalid, "path " + quoted(path) + " " + problem,
              "a path is up to 1024 bytes of UTF-8 without control characters, its segments "
              "separated by '/', none of them empty, '.' or '..'");
}

}  // namespace isodb
