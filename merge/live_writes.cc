#include "merge/live_writes.h"

#include <algorithm>

namespace isodb::merge {

LiveWrites::LiveWrites(const MergeInput& input) : input_(input) {
  std::vector<std::uint64_t> reached(input.sight.words(), 0);
  for (const std::size_t version : input.versions) {
    if (input.writes[version].document == nullptr) continue;
    reached[version / 64] |= std::uint64_t{1} << version % 64;
    const std::uint64_t* row = input.sight.row(version);
    for (std::size_t word = 0; word < reached.size(); ++word) reached[word] |= row[word];
  }
  for (std::size_t i = 0; i < input.writes.size(); ++i) {
    const bool is_reached = (reached[i / 64] >> i % 64 & 1) != 0;
    if (is_reached && input.writes[i].document != nullptr) all_.push_back(i);
  }
}

std::vector<std::size_t> LiveWrites::live(const std::vector<std::size_t>& writes) {
  if (writes.size() < 2) return writes;
  std::vector<std::size_t> live;
  if (writes.size() <= 8) {  // pairs are cheaper than rows
    std::copy_if(writes.begin(), writes.end(), std::back_inserter(live), [&](std::size_t b) {
      return std::none_of(writes.begin(), writes.end(),
                          [&](std::size_t a) { return input_.sight.sees(a, b); });
    });
    return live;
  }
  seen_.assign(input_.sight.words(), 0);
  for (const std::size_t write : writes) {
    const std::uint64_t* row = input_.sight.row(write);
    for (std::size_t word = 0; word < seen_.size(); ++word) seen_[word] |= row[word];
  }
  std::copy_if(writes.begin(), writes.end(), std::back_inserter(live),
               [&](std::size_t write) { return (seen_[write / 64] >> write % 64 & 1) == 0; });
  return live;
}

}  // namespace isodb::merge
