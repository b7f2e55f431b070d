#include <algorithm>
#include <string>

#include "core/utf8.h"
#include "refs/database.h"

namespace isodb::refs {
namespace {

constexpr std::size_t kNameBytesMax = 255;

std::string character_problem(std::string_view name) {
  static constexpr std::string_view kReserved = " ~^:?*[\\";
  if (!core::is_utf8(name)) return "a ref name must be UTF-8";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return "a ref name must not contain control characters";
    }
    if (kReserved.find(c) != std::string_view::npos) {
      return std::string("a ref name must not contain '") + c + "'";
    }
  }
  return {};
}

std::string segment_problem(std::string_view segment) {
  if (segment.empty()) return "a ref name must not begin or end with '/' or contain '//'";
  if (segment.front() == '.') return "no segment of a ref name may begin with '.'";
  if (segment.ends_with(".lock")) return "no segment of a ref name may end with '.lock'";
  return {};
}

}  // namespace

std::string ref_name_problem(std::string_view name) {
  if (name.empty()) return "a ref name must not be empty";
  if (name.size() > kNameBytesMax) return "a ref name must not be longer than 255 bytes";
  if (std::string problem = character_problem(name); !problem.empty()) return problem;
  if (name.find("..") != std::string_view::npos) return "a ref name must not contain '..'";
  if (name.find("@{") != std::string_view::npos) return "a ref name must not contain '@{'";
  if (name == "@") return "a ref name must not be '@', which means the current branch";
  if (name.back() == '.') return "a ref name must not end with '.'";
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (std::string problem = segment_problem(name.substr(begin, end - begin)); !problem.empty()) {
      return problem;
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace isodb::refs
