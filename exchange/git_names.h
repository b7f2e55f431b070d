#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isodb::exchange {

/// The name here of a git ref: "refs/heads/x" is "heads/x", and so on; nullopt for a name that does
/// not begin with "refs/" or that may not name a ref here.
std::optional<std::string> ref_from_git(std::string_view name);
/// The inverse; nullopt for a name that git would refuse (git check-ref-format).
std::optional<std::string> ref_to_git(std::string_view name);

/// "" when git can hold a document at this path; otherwise the rule it breaks, for people.
std::string git_path_problem(std::string_view path);

}  // namespace isodb::exchange
