#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace isodb::reference {

/// Items by number: equal ones have equal numbers.
using Symbols = std::vector<std::uint32_t>;
/// Places of two sequences that are matched, ascending in both.
using Matches = std::vector<std::pair<std::size_t, std::size_t>>;

/// Items [before_begin, before_end) of one sequence stand where [after_begin, after_end) of the
/// other do, and no item among them is matched. A plain value.
struct Changed {
  std::size_t before_begin, before_end, after_begin, after_end;
};

/// The four steps of "Alignment".
Matches align(const Symbols& before, const Symbols& after);
/// What lies between the matches, where anything does.
std::vector<Changed> changed_between(const Matches& matches, std::size_t before_count,
                                     std::size_t after_count);

}  // namespace isodb::reference
