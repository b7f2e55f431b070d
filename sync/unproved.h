#pragma once

#include <algorithm>
#include <cstdint>

namespace isodb::sync {

/// How much of what a session has put on disk no commit answers for that was taken: operations of
/// one that is not whole, and of those that were refused. A few bytes may say a document that takes
/// hundreds, and who may not write may say as many as anybody. A plain value; counts stored bytes,
/// so that what compresses well is no different from what does not.
class Unproved {
 public:
  struct Limits {
    std::uint64_t bytes_max = std::uint64_t{1} << 30;        ///< more ends the session
    std::uint64_t kept_bytes_max = std::uint64_t{64} << 20;  ///< more is not kept for another one
    /// Or so many times what was received, where that is more: an honest stream of small documents
    /// makes of each an entry and a record.
    std::uint64_t per_byte_received = 64;
  };
  Unproved() : Unproved(Limits()) {}
  explicit Unproved(const Limits& limits) : limits_(limits) {}

  void receive(std::uint64_t bytes) { received_ += bytes; }
  /// A commit is over, for which all was stored since the one before. `stored`: since the
  /// beginning.
  void end_commit(std::uint64_t stored, bool is_taken) {
    if (is_taken) proved_ += stored - at_commit_;
    at_commit_ = stored;
  }

  bool is_too_much(std::uint64_t stored) const { return is_above(stored, limits_.bytes_max); }
  bool is_too_much_to_keep(std::uint64_t stored) const {
    return is_above(stored, limits_.kept_bytes_max);
  }

 private:
  bool is_above(std::uint64_t stored, std::uint64_t bytes_max) const {
    return stored - proved_ > std::max(bytes_max, limits_.per_byte_received * received_);
  }

  Limits limits_;
  std::uint64_t received_ = 0, proved_ = 0, at_commit_ = 0;
};

}  // namespace isodb::sync
