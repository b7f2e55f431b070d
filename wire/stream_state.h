#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "isodb/id.h"
#include "wire/element.h"

namespace isodb::wire {

/// How a COMMIT names its parents: by where they came in the stream, as one of the known commits,
/// or by id. Both ends keep the same; at most kBackReferenceMax commits of the stream.
class ParentNames {
 public:
  /// In any order.
  explicit ParentNames(std::vector<CommitId> known);

  /// `is_stand_in`: the reader could not tell its id, so its order among ids means nothing.
  void add(const CommitId& id, bool is_stand_in = false);
  bool is_stand_in(const CommitId& id) const { return stand_ins_.contains(id); }
  /// 0 where only the id names it. The least number where several do.
  std::uint64_t number_of(const CommitId& id) const;
  /// nullopt for a number that names nothing; not for 0.
  std::optional<CommitId> commit(std::uint64_t number) const;
  /// Of the stream's commits that can be named.
  std::size_t count() const { return ring_.size(); }

 private:
  std::vector<CommitId> known_;               // sorted
  std::vector<CommitId> ring_;                // the last ones of the stream
  std::uint64_t added_ = 0;                   // of all in the stream
  std::map<CommitId, std::uint64_t> places_;  // newest, of those in the ring, counted from 1
  std::set<CommitId> stand_ins_;              // of those in the ring
};

/// The numbers of devices in a stream, and the sequence that each had last.
class DeviceNumbers {
 public:
  struct Device {
    PublicKey key;
    WriterId writer;
    std::uint64_t sequence = 0;
  };

  /// The number of one that is there already.
  std::optional<std::uint64_t> number_of(const PublicKey& key, const WriterId& writer) const;
  /// As a new device is numbered.
  std::uint64_t next_number() const { return devices_.size(); }
  /// Kept as long as there are numbers left; the last one goes to any more, which are not kept.
  void add(const Device& device);
  const Device& at(std::uint64_t number) const {
    return devices_[static_cast<std::size_t>(number)];
  }
  void set_sequence(std::uint64_t number, std::uint64_t sequence) {
    devices_[static_cast<std::size_t>(number)].sequence = sequence;
  }

 private:
  std::vector<Device> devices_;
  std::map<std::pair<PublicKey, WriterId>, std::uint64_t> numbers_;
};

/// What elements say relative to those before them in the stream.
struct StreamState {
  explicit StreamState(std::vector<CommitId> known) : parents(std::move(known)) {}

  ParentNames parents;
  DeviceNumbers devices;
  std::uint64_t millis = 0;  // of the COMMIT before
};

/// Differences of unsigned numbers (modulo 2^64), small for small steps in either direction.
inline std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (0 - (difference >> 63));
}
inline std::uint64_t unzigzag(std::uint64_t number) {
  return number >> 1 ^ (0 - (number & 1));
}

}  // namespace isodb::wire
