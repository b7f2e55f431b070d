#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "isodb/entry.h"
#include "isodb/scope.h"
#include "merge/content_missing.h"
#include "objects/source.h"
#include "repo/state.h"

namespace isodb::repo {

/// What was merged once cannot be merged again, for something that went into it is erased: kErased.
class MergedFromErased : public Error {
 public:
  explicit MergedFromErased(const std::string& message) : Error(ErrorCode::kErased, message) {}
};

/// Throws what it means that a content was not there, where reading the entry of a path missed it:
/// ContentNotHeld if the repository is partial and need not hold it, else `missing`, which is
/// damage. `at`: commits whose state the entry is of, as far as they are known.
[[noreturn]] void throw_missing(RepositoryState& repository, std::string_view path,
                                const std::optional<Entry>& entry, const std::vector<CommitId>& at,
                                const objects::ObjectMissing& missing);
/// The same of what a merge missed. `source` has the commits, stored or not.
[[noreturn]] void throw_missing(RepositoryState& repository, const objects::ObjectSource& source,
                                const merge::ContentMissing& missing);

/// Error(kNotHeld) unless the path may be written: outside the scope's prefixes nobody could say
/// what was written over. Cheap where the repository is whole.
void check_writable(RepositoryState& repository, std::string_view path);

/// ContentErased where a content that is not here is erased. Error(kNotHeld) in a partial
/// repository, where one that was asked for by its id alone may be one that is not held. `path`:
/// what it was asked for; "" where that is not known.
void check_held(RepositoryState& repository, std::string_view path, const Id& content);

/// What brings contents of this path.
std::string fetch_hint(const Scope& scope, std::string_view path);

}  // namespace isodb::repo
