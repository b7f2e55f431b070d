#pragma once

#include <string_view>

#include "merge/rules.h"

namespace isodb::merge {

/// The strategy that a media type has without a rule (docs/merge.md, "The rule"): kJson, kText or
/// kLatest. Parameters and letter case do not count.
Strategy default_strategy(std::string_view media_type);

}  // namespace isodb::merge
