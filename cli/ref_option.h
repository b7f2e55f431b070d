#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "isodb/repository.h"

namespace isodb::cli {

inline constexpr std::string_view kHeadsPrefix = "heads/";
inline constexpr std::string_view kTagsPrefix = "tags/";

/// The ref of a branch or tag that must exist, given by its name or in full. Error(kNotFound) with
/// the nearest names otherwise. `prefix` is kHeadsPrefix or kTagsPrefix.
std::string existing_ref(const Repository& repository, std::string_view prefix,
                         const std::string& name);

/// The ref that a new branch or tag gets. Error(kInvalid) when it is there already, or when the
/// name would stand for something else on a command line.
std::string new_ref(const Repository& repository, std::string_view prefix, const std::string& name);

/// Error(kNotFound) for a ref that there is not, with the full names near it as hint.
[[noreturn]] void throw_no_ref(const Repository& repository, const std::string& name);

/// Moves a ref, or throws StaleError with what it is instead of `expected`.
void move_ref(Repository& repository, const std::string& name, const std::optional<Id>& expected,
              const std::optional<Id>& next, const std::string& reason);

/// "3f2a9c1b2d4e" or "nothing".
std::string short_text(const std::optional<Id>& id);

}  // namespace isodb::cli
