#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/compress.h"
#include "core/file.h"
#include "objects/pack.h"
#include "repo/access.h"
#include "repo/state.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// Every file below a folder that has these bytes as they are, and "object ID" for each object of
/// the repository there that has them once it is unpacked, the dictionaries of packs included.
inline std::vector<std::string> where_found(const std::filesystem::path& folder,
                                            const std::string& bytes) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    if (slurp(file.path()).find(bytes) != std::string::npos) found.push_back(file.path().string());
  }
  const Repository repository = Repository::open(folder, {.read_only = true});
  const refs::LocalStore& store = *repo::Access::state(repository)->store;
  store.for_each([&](const Id& id) {
    const std::optional<objects::Object> object = store.get(id);
    if (object && object->payload.find(bytes) != std::string::npos) {
      found.push_back("object " + id.hex());
    }
  });
  for (const auto& file : std::filesystem::directory_iterator(folder / "packs")) {
    if (file.path().extension() != ".pack") continue;
    const objects::Pack pack(core::posix_file_system(), file.path(), file.file_size());
    const auto dictionary = pack.dictionary();
    if (dictionary && dictionary->content().find(bytes) != std::string::npos) {
      found.push_back("dictionary of " + file.path().string());
    }
  }
  return found;
}

}  // namespace isodb::testing
