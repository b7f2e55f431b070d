#pragma once

#include <array>
#include <cstdint>

#include "isodb/commit.h"
#include "wire/hello.h"

namespace isodb::sync {

/// Where in a commit a session broke off (docs/protocol.md, "Broken off"). A plain value.
struct ResumePoint {
  Stamp stamp;
  std::array<std::uint8_t, 16> signature{};  ///< its first 16 bytes
  std::uint64_t operations = 0;              ///< taken whole
  std::uint64_t bytes = 0;  ///< taken of the new bytes of the large document after them

  /// Is this the commit that broke off?
  bool is_of(const Commit& commit) const;

  friend bool operator==(const ResumePoint&, const ResumePoint&) = default;
};

/// Which objects came whole, one after the other, since something was whole that they belong to.
/// A plain value.
struct ObjectsTaken {
  std::uint64_t count = 0;
  Id chain;  ///< SHA-256 of the chain before and the last id; at first zeros

  void add(const Id& id);
  /// Does a HELLO that says so mean these?
  bool is_told_as(const wire::ObjectsTaken& told) const;
  wire::ObjectsTaken told() const;
};

}  // namespace isodb::sync
