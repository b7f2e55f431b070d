#pragma once

#include "cli/command.h"

namespace isodb::cli {

enum class KeepSource { kYes, kNo };

/// mv and cp: what they take and do, but for whether the source stays.
std::function<Action(Options&)> bind_move(KeepSource keep);

}  // namespace isodb::cli
