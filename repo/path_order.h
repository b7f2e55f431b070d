#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace isodb::repo {

/// The places of `paths` by ascending path; equal paths stay in the order they are in.
std::vector<std::uint32_t> order_of_paths(std::span<const std::string_view> paths);

}  // namespace isodb::repo
