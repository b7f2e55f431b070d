#pragma once

#include <filesystem>

namespace isodb::bench {

/// Blocks that the folder's files occupy: holes do not count, unused room in blocks does.
double occupied_bytes(const std::filesystem::path& folder);

}  // namespace isodb::bench
