#pragma once

#include <cstdint>
#include <filesystem>

namespace isodb::sync {

/// Is the disk of this folder so full that a pack of so many objects may soon not be finished on
/// it? It decides how often what came is made durable, and nothing else; false where it cannot be
/// told.
bool is_short_of_room(const std::filesystem::path& folder, std::uint64_t objects);

}  // namespace isodb::sync
