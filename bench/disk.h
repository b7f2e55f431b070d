#pragma once

#include <filesystem>

namespace isodb::bench {

/// Blocks that the folder's files occupy: holes do not count, unused room in blocks does.
double occupied_bytes(const std::filesystem::path& folder);

/// Reads every file of the folder once, so that the operating system has it in memory: some
/// systems take pages back that rested for minutes, while another engine was measured.
void read_into_memory(const std::filesystem::path& folder);

}  // namespace isodb::bench
