#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::wire {

class FieldReader;

/// A commit that breaks a rule, and which.
struct Refusal {
  static constexpr std::size_t kRuleBytesMax = 200;
  CommitId commit;
  std::string rule;  ///< any bytes: a peer's words are made fit to print where they are printed
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// Appends the list, with rules cut where they are too long. `frame` is for errors: Error(kLimit)
/// for more than `count_max`, Error(kInvalid) unless it is sorted by commit, none twice.
void put_refusals(Bytes& out, const std::vector<Refusal>& refused, std::size_t count_max,
                  const char* frame);
/// Error(kCorrupt) for anything else.
std::vector<Refusal> read_refusals(FieldReader& in, std::size_t count_max);

}  // namespace isodb::wire
