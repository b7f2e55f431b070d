#include "repo/kept_objects.h"

#include <optional>
#include <sstream>

#include "isodb/error.h"

namespace isodb::repo {
namespace {

constexpr const char* kVersion = "1";

}  // namespace

std::string kept_objects_text(std::span<const Id> ids) {
  std::string text = kVersion;
  for (const Id& id : ids) text += " " + id.hex();
  return text;
}

std::vector<Id> parse_kept_objects(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  words >> word;
  if (word != kVersion) {
    throw Error(ErrorCode::kUnsupported, "what an unfinished sync left is of another version",
                "use the newest isodb that this repository was used with");
  }
  std::vector<Id> ids;
  while (words >> word) {
    const std::optional<Id> id = Id::from_hex(word);
    if (!id) throw Error(ErrorCode::kCorrupt, "the record of an unfinished sync is damaged");
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace isodb::repo
