#include "merge/media_types.h"

#include <algorithm>
#include <array>
#include <string>

namespace isodb::merge {

namespace {

constexpr std::array<std::string_view, 5> kTexts = {"application/yaml", "application/toml",
                                                    "application/xml", "application/sql",
                                                    "application/x-sh"};

/// Type and subtype in small ASCII letters.
std::string essence(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  const std::size_t first = media_type.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  std::string text(media_type.substr(first, media_type.find_last_not_of(" \t") + 1 - first));
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

Strategy default_strategy(std::string_view media_type) {
  const std::string type = essence(media_type);
  if (type == "application/json" || type.ends_with("+json")) return Strategy::kJson;
  const bool is_text =
      type.starts_with("text/") || std::find(kTexts.begin(), kTexts.end(), type) != kTexts.end();
  return is_text ? Strategy::kText : Strategy::kLatest;
}

}  // namespace isodb::merge
