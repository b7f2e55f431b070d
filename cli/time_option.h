#pragma once

#include <cstdint>
#include <string_view>

namespace isodb::cli {

/// The value of --since and --until as milliseconds since 1970: a date "2026-11-20", a time
/// "2026-11-20T08:00[:30]" with an optional "Z", both UTC, or so long before now: "90m", "36h",
/// "7d", "4w". Error(kInvalid) that names `option` otherwise.
std::uint64_t parse_time_option(std::string_view option, std::string_view text,
                                std::uint64_t now_millis);

}  // namespace isodb::cli
