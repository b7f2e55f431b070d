#include "exchange/paths.h"

#include "core/utf8.h"
#include "exchange/byte_source.h"
#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::exchange {

bool is_governed(std::string_view path) {
  const std::string_view folder = kGovernedPrefix.substr(0, kGovernedPrefix.size() - 1);
  return path == folder || path.starts_with(kGovernedPrefix);
}

std::string imported_path_problem(std::string_view path) {
  std::string problem = path_problem(path);
  if (problem.empty() && is_governed(path)) problem = "is reserved";
  return problem;
}

std::string key_segment(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string segment;
  const auto escape = [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    segment += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  };
  const bool only_dots = key == "." || key == "..";
  for (std::size_t i = 0; i < key.size();) {
    const std::size_t length = core::utf8_sequence_bytes(key.substr(i));
    const auto byte = static_cast<unsigned char>(key[i]);
    const bool control =
        byte < 0x20 || byte == 0x7f ||
        (length == 2 && byte == 0xc2 && static_cast<unsigned char>(key[i + 1]) < 0xa0);
    if (length == 0 || (length == 1 && (control || byte == '/' || byte == '%' || only_dots))) {
      escape(key[i++]);
    } else if (control) {
      escape(key[i++]);
      escape(key[i++]);
    } else {
      segment += key.substr(i, length);
      i += length;
    }
  }
  return segment;
}

std::string folder_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  std::string folder(prefix);
  if (!folder.ends_with('/')) folder += '/';
  const std::string problem = imported_path_problem(folder + "x");
  if (!problem.empty()) {
    throw Error(ErrorCode::kInvalid,
                "the prefix '" + printable(prefix) + "' cannot begin a path: it " + problem);
  }
  return folder;
}

}  // namespace isodb::exchange
