#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/id.h"

namespace isodb::repo {

/// Settings with this beginning name objects that have to last although no ref leads to them: what
/// was received of a commit that is not whole.
inline constexpr std::string_view kSettingIncomingPrefix = "incoming.";

/// The value of such a setting: a version, then the ids, which keep all that they lead to.
std::string kept_objects_text(std::span<const Id> ids);
/// The inverse. Error(kUnsupported) for a newer version, Error(kCorrupt) for what is none.
std::vector<Id> parse_kept_objects(const std::string& text);

}  // namespace isodb::repo
